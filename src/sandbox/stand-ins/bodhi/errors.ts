/** The server refused; the message is the body of its answer. */
export class Refused extends Error {}

/** An exception that the real client does not catch: it prints a traceback that ends with this line. */
export class Crash extends Error {
  /** As Python prints it, cut down to its two ends. */
  get traceback(): string {
    const head =
      'Traceback (most recent call last):\n  File "/usr/bin/bodhi", line 8, in <module>\n    sys.exit(cli())';
    return `${head}\n${this.message}`;
  }
}
