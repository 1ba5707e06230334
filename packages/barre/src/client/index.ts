export * from './basic/basic.ts'
export * from './bearer/bearer.ts'
export * from './propagate/propagate.ts'
