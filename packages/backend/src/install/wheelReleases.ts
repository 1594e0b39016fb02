/** A Python wheel of TensorFlow: the one public build of the current library on every package index. */
export interface WheelRelease {
  readonly project: string
  readonly version: string
  readonly file: string
  readonly sha256: string
  readonly bytes: number
  /** Bytes of what is taken out of it. */
  readonly unpackedBytes: number
  /** pip's name of the platform. */
  readonly platform: string
  /** The oldest glibc that it runs on; absent where the platform has none. */
  readonly glibc?: readonly [number, number]
  readonly libraries: readonly string[]
}

/** The wheel for each `platform-arch` of Node that has one. Version 2.21.0 has none for macOS on Intel, and on Windows tfjs-node's own download is the way. */
export const WHEEL_RELEASES: Readonly<Record<string, WheelRelease>> = {
  'linux-x64': {
    project: 'tensorflow-cpu',
    version: '2.21.0',
    file: 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    bytes: 273_829_956,
    unpackedBytes: 854_258_761,
    platform: 'manylinux_2_27_x86_64',
    glibc: [2, 27],
    libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  },
  'linux-arm64': {
    project: 'tensorflow',
    version: '2.21.0',
    file: 'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl',
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    bytes: 281_828_020,
    unpackedBytes: 884_012_033,
    platform: 'manylinux_2_27_aarch64',
    glibc: [2, 27],
    libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  },
  'darwin-arm64': {
    project: 'tensorflow',
    version: '2.21.0',
    file: 'tensorflow-2.21.0-cp311-cp311-macosx_12_0_arm64.whl',
    sha256: '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88',
    bytes: 223_405_849,
    unpackedBytes: 741_755_449,
    platform: 'macosx_12_0_arm64',
    libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
  },
}
