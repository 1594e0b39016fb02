/**
 * An error as the command line tells it.
 *
 * A named error of ours (a `code` of its own) is for the user and speaks for itself; any other is a defect.
 *
 * @param error whatever was thrown
 * @param debug whether to show the stack, and that of the cause
 * @returns lines, with a newline at the end
 */
export function describeError(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return `error: ${String(error)}\n`
  if (debug) return `${error.stack ?? error.message}\n${error.cause instanceof Error ? `caused by ${error.cause.stack}\n` : ''}`
  if (isNamed(error)) return `${error.name}: ${error.message}\n`
  return `error: ${error.message}\nThis should not happen. Run it again with --debug for the stack trace, and please report that.\n`
}

/** Node's own errors have codes too: ERR_... for wrong calls, and those of the operating system come with a syscall. */
function isNamed(error: Error): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && !code.startsWith('ERR_') && !('syscall' in error)
}
