import { closedKl, type Distribution, kl, type Normal } from '@tfjs-bayes/distributions'

// How users declare a pair of theirs; compiled by the typecheck, never run.
declare module '@tfjs-bayes/distributions' {
  interface ClosedKlTable {
    'declared || normal': true
  }
}

type Declared = Distribution & { readonly family: 'declared' }
type Undeclared = Distribution & { readonly family: 'undeclared' }

export function own(declared: Declared, undeclared: Undeclared, normal: Normal): void {
  closedKl(declared, normal)
  kl(declared, normal, { method: 'closed' })
  // @ts-expect-error not in the table
  closedKl(undeclared, normal)
  // @ts-expect-error nor is this direction
  kl(normal, declared, { method: 'closed' })
}
