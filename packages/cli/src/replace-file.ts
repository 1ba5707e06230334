import { open, rename, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** How the new file is. */
export interface FileStatus {
  readonly mode: number
  /** Whose it is; default the one who runs the command. */
  readonly owner?: { readonly uid: number; readonly gid: number }
}

/**
 * Puts a file in another's place at once: a reader, and whoever looks after a crash, sees the old one or the new
 * one, never half of one. The mode holds from the first byte on.
 */
export async function replaceFile(
  file: string,
  content: string | Uint8Array,
  status: FileStatus,
): Promise<void> {
  const draft = `${file}.${process.pid}.new`
  await writeDraft(draft, content, status)
  try {
    await rename(draft, file)
  } catch (error) {
    await unlink(draft)
    throw error
  }
  await syncDirectory(dirname(file))
}

/** Writes a new file; an existing one is replaced only where that is asked for. */
export async function createFile(
  file: string,
  content: string | Uint8Array,
  { mode, replace }: { readonly mode: number; readonly replace: boolean },
): Promise<void> {
  if (replace) await replaceFile(file, content, { mode })
  else await writeFile(file, content, { mode, flag: 'wx' })
}

async function writeDraft(
  draft: string,
  content: string | Uint8Array,
  { mode, owner }: FileStatus,
): Promise<void> {
  const handle = await open(draft, 'wx', mode)
  try {
    // Open was subject to the umask.
    await handle.chmod(mode)
    if (owner !== undefined) await handle.chown(owner.uid, owner.gid)
    await handle.writeFile(content)
    await handle.sync()
  } catch (error) {
    await unlink(draft)
    throw error
  } finally {
    await handle.close()
  }
}

// A new name is on the disk only when its directory is.
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
