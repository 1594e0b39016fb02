/** A function that computes its value at the first call and returns it again afterwards. */
export function lazy<T>(compute: () => T): () => T {
  let value: { readonly of: T } | undefined
  return () => {
    value ??= { of: compute() }
    return value.of
  }
}
