export * from './names.ts'
export { default as same } from './names.ts'
