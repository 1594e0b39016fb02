/** What a process said on stderr, without the two lines that TensorFlow writes there, whatever its log level, where oneDNN is on. */
export function withoutOneDnnNotice(stderr: string): string {
  return stderr
    .replace(/^WARNING: All log messages before absl::InitializeLog.*\n/m, '')
    .replace(/^I.*oneDNN custom operations are on.*\n/m, '')
}
