declare module 'cli-progress' {
  export class SingleBar {
    constructor(options: { format: string; gracefulExit: boolean; linewrap?: boolean });
    start(total: number, startValue: number): void;
    increment(): void;
    stop(): void;
  }
}
