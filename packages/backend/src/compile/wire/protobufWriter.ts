const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED_32 = 5

const textEncoder = new TextEncoder()

/** Writes protocol buffer fields in the order of the calls: the one place that knows the wire format's bits. */
export class ProtobufWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  /** Writes an integer field; negative numbers as 64-bit two's complement, as int32, int64 and enum fields want them. */
  integer(field: number, value: number): void {
    this.#tag(field, VARINT)
    this.#varint(value)
  }

  float(field: number, value: number): void {
    this.#tag(field, FIXED_32)
    this.#float(value)
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  string(field: number, value: string): void {
    this.bytes(field, textEncoder.encode(value))
  }

  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const inner = new ProtobufWriter()
    write(inner)
    this.bytes(field, inner.finish())
  }

  packedIntegers(field: number, values: readonly number[]): void {
    const inner = new ProtobufWriter()
    for (const value of values) inner.#varint(value)
    this.bytes(field, inner.finish())
  }

  packedFloats(field: number, values: readonly number[]): void {
    const inner = new ProtobufWriter()
    for (const value of values) inner.#float(value)
    this.bytes(field, inner.finish())
  }

  /** The bytes written so far; they stay valid only until the next write. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType)
  }

  #varint(value: number): void {
    this.#reserve(10)
    if (value >= 0 && value <= 0x7fffffff) {
      let rest = value
      while (rest > 127) {
        this.#bytes[this.#length++] = (rest & 127) | 128
        rest >>>= 7
      }
      this.#bytes[this.#length++] = rest
      return
    }
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest > 127n) {
      this.#bytes[this.#length++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    this.#bytes[this.#length++] = Number(rest)
  }

  #float(value: number): void {
    this.#reserve(4)
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true)
    this.#length += 4
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    larger.set(this.finish())
    this.#bytes = larger
  }
}
