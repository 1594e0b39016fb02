export type { AdamUpdate, AdamUpdateArgs } from './adam/adamUpdate.ts'
export { adamUpdate } from './adam/adamUpdate.ts'
export { InvalidArgumentError } from './errors.ts'
export { statelessNormal } from './random/statelessNormal.ts'
