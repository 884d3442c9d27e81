/** The server refused; the message is the body of its answer. */
export class Refused extends Error {}

/** Where the real client dies: the frame by which one trouble is told from another of the same name. */
export type Frame = 'cli' | 'oidc' | 'token file';

const FRAMES: Readonly<Record<Frame, string>> = {
  cli: '',
  oidc: '  File "/usr/lib/python3/site-packages/bodhi/client/oidcclient.py", line 76, in _build_client\n    self._get_provider_metadata(id_provider)\n',
  'token file':
    '  File "/usr/lib/python3/site-packages/bodhi/client/oidcclient.py", line 360, in load_all\n    return json.load(f)\n',
};

/** An exception that the real client does not catch: it prints a traceback that ends with this line. */
export class Crash extends Error {
  readonly frame: Frame;

  constructor(line: string, { frame = 'cli', ...options }: ErrorOptions & { readonly frame?: Frame } = {}) {
    super(line, options);
    this.frame = frame;
  }

  /** As Python prints it, cut down to its two ends and the frame that tells. */
  get traceback(): string {
    const head =
      'Traceback (most recent call last):\n  File "/usr/bin/bodhi", line 8, in <module>\n    sys.exit(cli())';
    return `${head}\n${FRAMES[this.frame]}${this.message}`;
  }
}
