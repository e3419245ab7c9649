/** What one side does when it is its turn. */
export interface Turn<A> {
  readonly name: string;
  take(): Promise<A>;
  /** Fewer than the others take, for a side that needs minutes. */
  readonly rounds?: number;
}

/** Every side's answers, one busy at a time: all of them in the first round, then all in the second, and so on. */
export async function takeTurns<A>(turns: readonly Turn<A>[], rounds: number): Promise<Map<string, A[]>> {
  const answers = new Map(turns.map(({ name }) => [name, [] as A[]]));
  for (let round = 0; round < rounds; round++) {
    for (const turn of turns) {
      if (round >= (turn.rounds ?? rounds)) continue;
      answers.get(turn.name)?.push(await turn.take());
    }
  }
  return answers;
}
