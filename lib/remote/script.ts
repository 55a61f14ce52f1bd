export * from '../script.ts'
