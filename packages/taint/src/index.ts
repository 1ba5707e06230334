export type { AnalyzeInput, AnalyzeResult, Report } from './analyze-files.ts'
export { analyzeFiles } from './analyze-files.ts'
export type { LibraryFile } from './models/index.ts'
