import type { Flavour } from './engine-cache.js';

/** One build of the TensorFlow library, as its Python wheel is published. */
export interface Release {
  readonly flavour: Flavour;
  readonly version: string;
  /** Name of the Python package. */
  readonly package: string;
  /** File name, size in bytes and SHA-256 of the wheel. */
  readonly wheel: string;
  readonly size: number;
  readonly sha256: string;
  /** Bytes of disk that the installation takes at its fullest. */
  readonly disk: number;
}

/*
 * The wheel is always the one for CPython 3.11, whichever Python runs pip: only its C++ libraries and headers are used, and
 * so one checksum holds for everybody.
 */
const TAG = 'cp311-cp311-manylinux_2_27_x86_64';

/** The builds that are known, for Linux on x64. */
export const releases: Readonly<Record<Flavour, Release>> = {
  cpu: {
    flavour: 'cpu',
    version: '2.21.0',
    package: 'tensorflow-cpu',
    wheel: `tensorflow_cpu-2.21.0-${TAG}.whl`,
    size: 273_829_956,
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    disk: 1.3e9,
  },
  cuda: {
    flavour: 'cuda',
    version: '2.21.0',
    package: 'tensorflow',
    wheel: `tensorflow-2.21.0-${TAG}.whl`,
    size: 572_440_367,
    sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    disk: 10e9,
  },
};

/** What pip is told so that it takes that wheel. */
export const wheelOptions = [
  ...['--only-binary', ':all:', '--platform', 'manylinux_2_27_x86_64'],
  ...['--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311'],
];
