/** Exit status after a fault of Palimpsest itself, or where a cell failed or differs from before. */
export const FAILED = 1;

/** Exit status after something that the user can mend. */
export const REFUSED = 2;

/** Exit status after Ctrl-C. */
export const INTERRUPTED = 130;
