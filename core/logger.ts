/** Where a run's remarks go; never standard output, which belongs to results. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
}
