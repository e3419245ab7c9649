/** Told while a file is fetched: its name, bytes there so far, bytes in all. */
export type Progress = (file: string, done: number, total: number) => void;
