export { InvalidArgumentError } from './errors.ts'
export { statelessNormal } from './random/statelessNormal.ts'
