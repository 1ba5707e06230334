/** The one list of wires for files: each is tried on its real servers. */
export { ftp } from './ftp.ts'
export { sftp } from './sftp.ts'
