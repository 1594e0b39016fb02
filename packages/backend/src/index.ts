export { statelessNormal } from './random/statelessNormal.ts'
