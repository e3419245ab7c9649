/*
 * The 12 bytes in which Q4_K and Q5_K pack eight 6-bit scales and eight 6-bit minima: bytes 0-3 and 4-7 hold the first
 * four of each in their low 6 bits; the last four have their low nibbles in bytes 8-11 (scale low, minimum high) and
 * their upper two bits on top of bytes 0-3 (scales) and 4-7 (minima).
 */

/** Scale of sub-block j (0-7), its 12 bytes starting at `at`. */
export function subScale(bytes: Uint8Array, at: number, j: number): number {
  return j < 4 ? bytes[at + j] & 63 : (bytes[at + j + 4] & 15) | ((bytes[at + j - 4] >> 6) << 4);
}

/** Minimum of sub-block j (0-7), its 12 bytes starting at `at`. */
export function subMinimum(bytes: Uint8Array, at: number, j: number): number {
  return j < 4 ? bytes[at + j + 4] & 63 : (bytes[at + j + 4] >> 4) | ((bytes[at + j] >> 6) << 4);
}
