const OWN_DIRECTORY = new URL('.', import.meta.url).href.replace(/^file:\/\//, '')

/** How deep to look for the caller's line: tfjs puts a dozen frames of its own between an op and who asked for it. */
export const TRACE_DEPTH = 60

/** ` at LINE` for the first line of a stack trace that belongs neither to tfjs nor to this folder, or nothing: the end of a message. */
export function atUserLine(trace: Error | undefined): string {
  const frames = (trace?.stack ?? '').split('\n').filter((line) => /^\s*at /.test(line))
  const frame = frames.find(
    (line) => !/@tensorflow[/+\\]tfjs|node:internal|\(<anonymous>\)/.test(line) && !line.includes(OWN_DIRECTORY),
  )
  return frame === undefined ? '' : ` ${frame.trim()}`
}
