/** A share as a percentage: 0.0331 is '3.31 %', with a space that does not break. */
export const percent = (share: number, digits: number = 2): string => `${(100 * share).toFixed(digits)}\u00a0%`

/** Nats, or another quantity near 1, to four decimals. */
export const decimals = (value: number, digits: number = 4): string => value.toFixed(digits).replace('-', '−')

/** A very small or very large number: 3.2e-7. */
export const scientific = (value: number): string =>
  value === 0 ? '0' : value.toExponential(1).replace('e+', 'e').replace('-', '−')

/** Bytes as MB or kB. */
export const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`

/** Whole numbers with separators: 50,000. */
export const integer = (value: number): string => value.toLocaleString('en-US')

/** Seconds: '4.6 s', '0.21 s', '2 min 5 s'. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)} s`
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}
