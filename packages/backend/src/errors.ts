/** An argument outside its range; `message` says which, what came and what was expected. */
export class InvalidArgumentError extends Error {
  override readonly name = 'InvalidArgumentError'
  readonly code = 'invalid-argument'
}

export type NativeBackendProblem = 'package-missing' | 'addon-missing' | 'addon-broken' | 'start-failed'

/** The native backend cannot be used; `code` says which of its parts is at fault, `message` also what to do. */
export class NativeBackendError extends Error {
  override readonly name = 'NativeBackendError'
  readonly code: NativeBackendProblem

  constructor(code: NativeBackendProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export type InstallProblem =
  | 'package-missing'
  | 'requirement-missing'
  | 'download-failed'
  | 'checksum-mismatch'
  | 'archive-damaged'
  | 'compile-failed'
  | 'load-failed'
  | 'not-writable'

/** A step of `tfjs-bayes-native` that could not be done; `message` says what is missing and how to get it. */
export class InstallError extends Error {
  override readonly name = 'InstallError'
  readonly code: InstallProblem

  constructor(code: InstallProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
