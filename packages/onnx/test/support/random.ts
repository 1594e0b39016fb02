/** Uniform numbers in [0, 1) from a seed (Tommy Ettinger's mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Standard normal numbers from a seed (Box and Muller). */
export function normals(size: number, seed: number): Float32Array {
  const next = uniform(seed)
  return Float32Array.from({ length: size }, () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()))
}
