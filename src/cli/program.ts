import { Argument, Command, CommanderError, Option } from 'commander';
import { CLIENT_CHOICES } from './clients.ts';
import { SHELLS, type Shell } from './completion-scripts.ts';
import { dataOption } from './data-option.ts';
import { EXIT, type Host } from './host.ts';
import type { RunCommandOptions } from './run.ts';
import { tellError } from './tell-error.ts';

type Handler = (...args: never[]) => Promise<number>;

/** The command line. Each command loads its own file when it is called, so that `--help` and `runs list` stay quick. */
export async function main(argv: readonly string[], host: Host): Promise<number> {
  let code: number = EXIT.passed;
  const program = new Command('packprobe')
    .description(
      'Walks the packager workflow of a distribution on test packages and tells which system broke it.',
    )
    .version(host.version, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
    })
    .showHelpAfterError('(add --help for what can be said here)')
    .showSuggestionAfterError()
    .addHelpText('after', EXAMPLES);

  /** Arguments reach the handler of the last command in the chain, and behind them the options, also those that a command before it took. */
  const handled =
    (act: Handler) =>
    async (...args: unknown[]) => {
      const command = args.at(-1) as Command;
      code = await act(...([...args.slice(0, -2), command.optsWithGlobals()] as never[]));
    };
  const place = (command: Command) =>
    command
      .addOption(
        new Option(
          '--config <file>',
          'configuration of the service (PACKPROBE_CONFIG, /etc/packprobe/packprobe.yaml)',
        ),
      )
      .addOption(
        new Option(
          '--data <dir>',
          'where packprobe keeps its data (PACKPROBE_DATA_DIR, ~/.local/state/packprobe)',
        ),
      );

  const run = place(program.command('run'))
    .summary('one run of a probe in the foreground')
    .description(
      'Runs a probe once: its steps in order, then the undo of what it made.\nExit code: 0 passed, 1 failed (a system broke it), 2 wrong usage, 3 errored (our side), 130 cancelled.',
    )
    // Not needed for the list of faults.
    .usage('[options] <probe>')
    .argument('[probe]', 'name of a probe, or path of its file')
    .option(
      '--env <name>',
      'environment: a name, the path of a file, or `sandbox`, which is started and ended with the run',
    )
    .option('--url <control>', 'join the sandbox that runs with this control address')
    .option('--package <name>', 'test package, instead of that of the probe or the environment')
    .option('--branch <branch>', 'stable, rawhide, or a branch such as f44')
    .option('--set <name=value>', 'a parameter of the probe; may be repeated', collect)
    .option('--fault <name>', 'with --env sandbox: break this in it; may be repeated', collect)
    .addOption(clientsOption('with --env sandbox: '))
    .option('--scenario <name>', 'with --env sandbox: a day to play in it, such as bodhi-outage, or a file')
    .option('--packagers <count>', 'with --env sandbox: so many other people build and update in it')
    .option('--list-faults', 'list what can be broken in a sandbox, and nothing else')
    .option('--json', 'print the finished run, or the list of faults, as JSON')
    .option('--junit <file>', 'write the finished run as JUnit XML')
    .option('--textfile <file>', 'write its metrics for the textfile collector of node_exporter')
    .option('--pushgateway <url>', 'send its metrics to a Pushgateway')
    .option('--speed <factor>', 'with --env sandbox: how fast its time runs, at most 300', '60')
    .option('--verbose', 'log the commands, too')
    .addHelpText('after', RUN_EXAMPLES)
    .action(
      handled(async (probe: string | undefined, options: RunCommandOptions) => {
        if (options.listFaults === true) return (await import('./faults.ts')).listFaults(options, host);
        return probe === undefined
          ? run.error("error: missing required argument 'probe'")
          : (await import('./run.ts')).runCommand(probe, options, host);
      }),
    );

  place(program.command('serve'))
    .summary('the scheduler, the workers, the HTTP server')
    .description(
      'Runs probes when they are due, for months: goes on with every run that was interrupted, tells people and machines what it finds, answers over HTTP. SIGTERM suspends its runs, SIGHUP reads its files anew.\nWithout options it serves what `environments` of its configuration says.',
    )
    .option(
      '--env <name>',
      'only this environment, or `sandbox`, which is started with it; may be repeated',
      collect,
    )
    .option('--probe <name>', 'only this probe; may be repeated', collect)
    .option('--url <control>', 'join the sandbox that runs with this control address')
    .option('--listen <host:port>', 'where it answers over HTTP (127.0.0.1:9842)')
    .option('--speed <factor>', 'with --env sandbox: how fast its time runs, at most 300', '60')
    .option('--verbose', 'log the commands, too')
    .addHelpText('after', SERVE_EXAMPLES)
    .action(handled(async (options: never) => (await import('./serve.ts')).serveCommand(options, host)));

  place(program.command('status'))
    .summary('does it work now? systems, probes, open incidents, and how old each answer is')
    .description(
      'One screen: every system with its state and the age of its evidence, every probe with its last and its next run, open incidents. What nobody has looked at for 2.5 intervals is unknown, and so is all of it while no `serve` lives.\nExit code: 0 works, 1 does not, 2 wrong usage, 3 could not tell.',
    )
    .option('--env <name>', 'only this environment')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  packprobe status --env fedora\n')
    .action(handled(async (options: object) => (await import('./status.ts')).statusCommand(options, host)));

  const schedule = program
    .command('schedule')
    .summary('when what is started, and why not')
    .description(
      'Looks at the schedule and changes it, also while `serve` runs. What is asked for is written down with who and when.',
    );
  place(schedule.command('list'))
    .summary('what is due next, what became of the last due times, what is paused')
    .description('Shows what is due next, what is paused, and what became of the last due times.')
    .option('--env <name>', 'only this environment')
    .option('--limit <count>', 'at most so many due times that have passed', '10')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  packprobe schedule list --env fedora\n')
    .action(
      handled(async (options: never) => (await import('./schedule.ts')).scheduleListCommand(options, host)),
    );
  place(schedule.command('now'))
    .summary('ask for a run now')
    .description(
      'Asks `serve` for a run of a probe. It starts as soon as it has a place; pauses and maintenance do not hold it back.',
    )
    .argument('<probe>', 'name of a probe that is served')
    .requiredOption('--env <name>', 'environment')
    .addHelpText('after', '\nExample:\n  packprobe schedule now scratch-build --env fedora\n')
    .action(
      handled(async (probe: string, options: never) =>
        (await import('./schedule.ts')).scheduleNowCommand(probe, options, host),
      ),
    );
  place(schedule.command('pause'))
    .summary('start no runs of a probe, or of an environment, for a while')
    .description(
      'Starts no runs of a probe, or of every probe of an environment, until the time that is said or somebody ends it. Runs under way go on.',
    )
    .argument('[probe]', 'name of a probe; left out, every probe of the environment')
    .requiredOption('--env <name>', 'environment')
    .requiredOption('--reason <text>', 'why, for those who wonder')
    .option('--until <time>', 'a duration such as 2h, or a time in UTC such as 2026-12-01T08:00Z')
    .addHelpText(
      'after',
      '\nExample:\n  packprobe schedule pause single-build --env fedora --reason "Koji moves" --until 4h\n',
    )
    .action(
      handled(async (probe: string | undefined, options: never) =>
        (await import('./schedule.ts')).schedulePauseCommand(probe, options, host),
      ),
    );
  place(schedule.command('unpause'))
    .summary('end pauses')
    .description('Ends the pauses of a probe; without one, those of the whole environment.')
    .argument('[probe]', 'name of a probe')
    .requiredOption('--env <name>', 'environment')
    .addHelpText('after', '\nExample:\n  packprobe schedule unpause single-build --env fedora\n')
    .action(
      handled(async (probe: string | undefined, options: never) =>
        (await import('./schedule.ts')).scheduleUnpauseCommand(probe, options, host),
      ),
    );

  const incidents = program
    .command('incidents')
    .summary('what people are told about')
    .description('Looks at incidents, says who looks after them, and closes what no run will end.');
  place(incidents.command('list'))
    .summary('incidents, newest first')
    .description('Lists incidents, the newest first.')
    .option('--env <name>', 'only of this environment')
    .option('--system <name>', 'only of this system')
    .option('--state <state>', 'only suspected, open, resolved or dismissed ones')
    .option('--limit <count>', 'at most so many', '20')
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nExample:\n  packprobe incidents list --state open\n')
    .action(
      handled(async (options: never) => (await import('./incidents.ts')).incidentsListCommand(options, host)),
    );
  place(incidents.command('show'))
    .summary('one incident with its runs, and what changed before')
    .description('Shows one incident with all that belongs to it.')
    .argument('<incident>', 'id of an incident, or its beginning')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  packprobe incidents show 019a9f2e\n')
    .action(
      handled(async (id: string, options: object) =>
        (await import('./incidents.ts')).incidentsShowCommand(id, options, host),
      ),
    );
  place(incidents.command('ack'))
    .summary('say that somebody looks after it: no more reminders')
    .description(
      'Acknowledges an incident: receivers are told who is on it, and nobody is reminded any more.',
    )
    .argument('<incident>', 'id of an incident, or its beginning')
    .addHelpText('after', '\nExample:\n  packprobe incidents ack 019a9f2e\n')
    .action(
      handled(async (id: string, options: object) =>
        (await import('./incidents.ts')).incidentsAckCommand(id, options, host),
      ),
    );
  place(incidents.command('close'))
    .summary('end one that no run will end, and say why')
    .description(
      'Ends an incident: of what is not watched any more, or was none. It is resolved, and receivers are told who closed it and why. A run that fails afterwards begins another.',
    )
    .argument('<incident>', 'id of an incident, or its beginning')
    .requiredOption('--because <text>', 'why, for those who were told of it')
    .addHelpText(
      'after',
      '\nExample:\n  packprobe incidents close 019a9f2e --because "this environment was shut down"\n',
    )
    .action(
      handled(async (id: string, options: never) =>
        (await import('./incidents.ts')).incidentsCloseCommand(id, options, host),
      ),
    );
  place(incidents.command('ticket'))
    .summary('say where it is worked on')
    .description('Writes the address of a ticket beside an incident; without an address it is taken away.')
    .argument('<incident>', 'id of an incident, or its beginning')
    .argument('[url]', 'address of the ticket')
    .addHelpText(
      'after',
      '\nExample:\n  packprobe incidents ticket 019a9f2e https://forge.example.org/infra/tickets/7\n',
    )
    .action(
      handled(async (id: string, url: string | undefined, options: object) =>
        (await import('./incidents.ts')).incidentsTicketCommand(id, url, options, host),
      ),
    );

  place(program.command('validate'))
    .summary('check probes and configuration without touching anything')
    .description(
      'Checks files and tells every fault of all of them, each with its place. Without a file: all that `run` would find.',
    )
    .argument('[file...]', 'probes, environments, scenarios or the configuration of the service')
    .option('--json', 'print the faults as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  packprobe validate probes/single-build.yaml config/environments/fedora.yaml\n',
    )
    .action(
      handled(async (files: string[], options: object) =>
        (await import('./validate.ts')).validateCommand(files, options, host),
      ),
    );

  place(program.command('replay'))
    .summary('which incidents other rules would have opened')
    .description(
      'Runs the evidence that is stored through other rules of incidents, and says what they would have told and what not, against what happened. Changes nothing.',
    )
    .requiredOption(
      '--rules <file>',
      'rules as under `incidents` in the configuration, or a whole configuration',
    )
    .option('--since <duration>', 'how far back', '90d')
    .option('--env <name>', 'only of this environment')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  packprobe replay --rules new-rules.yaml --since 90d --env fedora\n')
    .action(handled(async (options: never) => (await import('./replay.ts')).replayCommand(options, host)));

  place(program.command('plan'))
    .summary('what a run would do: steps, bindings, exact commands')
    .description(
      'Shows the steps of a probe, what each input is bound to, and the exact commands that a run would use. Touches nothing.',
    )
    .argument('<probe>', 'name of a probe, or path of its file')
    .option('--env <name>', 'environment whose names stand in the commands')
    .option('--package <name>', 'test package')
    .option('--branch <branch>', 'stable, rawhide, or a branch such as f44')
    .option('--set <name=value>', 'a parameter of the probe; may be repeated', collect)
    .option('--json', 'print the plan as JSON')
    .addHelpText('after', '\nExample:\n  packprobe plan single-build --env fedora-staging\n')
    .action(
      handled(async (probe: string, options: object) =>
        (await import('./plan.ts')).planCommand(probe, options, host),
      ),
    );

  const runs = program.command('runs').summary('history').description('What ran, when, and how it went.');
  place(runs.command('list'))
    .summary('runs, newest first')
    .description('Lists runs, the newest first.')
    .option('--probe <name>', 'only of this probe')
    .option('--env <name>', 'only on this environment')
    .option('--outcome <outcome>', 'only passed, failed, errored or cancelled ones')
    .option('--limit <count>', 'at most so many', '20')
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nExample:\n  packprobe runs list --outcome failed --limit 5\n')
    .action(
      handled(async (options: never) => (await import('./runs-list.ts')).runsListCommand(options, host)),
    );
  place(runs.command('show'))
    .summary('one run: waterfall, steps, hops, timeline, evidence, ledger')
    .description('Shows one run with all its evidence.')
    .argument('<run>', 'run id, or its beginning')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  packprobe runs show 019a9f2e\n')
    .action(
      handled(async (id: string, options: object) =>
        (await import('./runs-show.ts')).runsShowCommand(id, options, host),
      ),
    );

  place(runs.command('cancel'))
    .summary('ask for a run under way to be cancelled')
    .description(
      'Asks whoever is at work on a run, `serve` or a `run` in some terminal, to cancel it: it aborts its step, takes away what it made and ends as cancelled.',
    )
    .argument('<run>', 'run id, or its beginning')
    .addHelpText('after', '\nExample:\n  packprobe runs cancel 019a9f2e\n')
    .action(
      handled(async (id: string, options: object) =>
        (await import('./runs-cancel.ts')).runsCancelCommand(id, options, host),
      ),
    );

  place(program.command('backup'))
    .summary('a copy of all that is stored, also while runs go on')
    .description(
      'Writes a copy of the database to a new file, also while runs go on. It overwrites nothing, is checked, and is on disk when its path is printed.\nExit code: 0 written, 2 wrong usage, 3 errored: then nothing is left behind.',
    )
    .argument('<file>', 'where to write it: must not exist, its folder must')
    .addHelpText('after', BACKUP_EXAMPLE)
    .action(
      handled(async (file: string, options: object) =>
        (await import('./backup.ts')).backupCommand(file, options, host),
      ),
    );

  place(runs.command('resume'))
    .summary('go on with a run whose process was killed')
    .description(
      'Goes on with an interrupted run where it was: nothing is made twice, its limits are the original ones. The exit code is that of `run`.',
    )
    .argument('<run>', 'run id, or its beginning')
    .option('--json', 'print the finished run as JSON')
    .option('--junit <file>', 'write the finished run as JUnit XML')
    .option('--verbose', 'log the commands, too')
    .option(
      '--force',
      'also where its process was on another host, which cannot be seen from here: you know that it is dead',
    )
    .addHelpText('after', '\nExample:\n  packprobe runs resume 019a9f2e\n')
    .action(
      handled(async (id: string, options: object) =>
        (await import('./runs-resume.ts')).runsResumeCommand(id, options, host),
      ),
    );

  place(program.command('tidy'))
    .summary('what runs left behind in other systems, removed')
    .description(
      'Closes runs whose process is dead and takes away what they made: logs in, reads the state before, reads it back after. Runs that are at work are left alone.\nExit code: 0 nothing is left, 1 something could not be removed and stays in the ledger, 2 wrong usage, 3 errored.',
    )
    .argument('[run...]', 'only these runs: ids, or their beginnings')
    .option('--dry-run', 'say what would be done')
    .option(
      '--force',
      'also where its process was on another host, which cannot be seen from here: you know that it is dead',
    )
    .option('--json', 'print what was, or would be, done as JSON')
    .addHelpText('after', TIDY_EXAMPLES)
    .action(
      handled(async (ids: string[], options: object) =>
        (await import('./tidy.ts')).tidyCommand(ids, options, host),
      ),
    );

  const sandbox = place(program.command('sandbox'))
    .summary('a small distribution on this machine')
    .description(
      'Starts every system of the workflow on loopback, prints how to use it, and stays up until Ctrl-C.',
    )
    .option('--speed <factor>', 'how fast its time runs, at most 300', '60')
    .option('--seed <text>', 'what its delays are drawn from', '1')
    .option('--dir <dir>', 'folder that it uses and removes; must not exist')
    .option('--fault <name>', 'break this in it from the start; may be repeated', collect)
    .addOption(clientsOption())
    .option('--scenario <name>', 'a day to play in it, such as bodhi-outage, or a file')
    .option('--packagers <count>', 'so many other people build and update in it')
    .option('--list-faults', 'list what can be broken, and how a run of single-build then ends')
    .option('--json', 'with --list-faults: print them as JSON')
    .addOption(new Option('--child').hideHelp())
    .addHelpText('after', SANDBOX_EXAMPLES)
    .action(handled(async (options: never) => (await import('./sandbox.ts')).sandboxCommand(options, host)));

  const fault = sandbox
    .command('fault')
    .summary('break and mend a sandbox that runs')
    .description(
      'Breaks and mends a sandbox that runs: the one of --url, of PACKPROBE_SANDBOX (env.sh sets it), or the only one of the data folder.',
    );
  const running = (command: Command) =>
    place(command).option('--url <url>', 'control address of the sandbox, as it printed it');
  for (const state of ['on', 'off'] as const) {
    running(fault.command(state))
      .summary(state === 'on' ? 'break something' : 'mend it again')
      .description(state === 'on' ? 'Switches faults on.' : 'Switches faults off.')
      .argument('<name...>', 'names of faults, such as koji:http-503')
      .addHelpText('after', `\nExample:\n  packprobe sandbox fault ${state} koji:http-503\n`)
      .action(
        handled(async (names: string[], options: object) =>
          (await import('./sandbox-fault.ts')).turnFaults(state, names, options, host),
        ),
      );
  }
  running(fault.command('list'))
    .summary('what is broken in it now')
    .description('Lists the faults that are on.')
    .option('--json', 'print them as JSON')
    .action(
      handled(async (options: object) =>
        (await import('./sandbox-fault.ts')).listTurnedFaults(options, host),
      ),
    );

  program
    .command('schema')
    .summary('JSON Schema for editors')
    .description('Prints the JSON Schema of probe, environment, scenario, procedures or configuration files.')
    .argument('<kind>', 'probe, config, environment, scenario or procedures')
    .addHelpText('after', '\nExample:\n  packprobe schema probe > probe.schema.json\n')
    .action(handled(async (kind: string) => (await import('./schema.ts')).schemaCommand(kind, host)));

  program
    .command('completion')
    .summary('completion of commands, options and names in a shell')
    .description(
      'Prints a script that lets a shell complete commands, options, probes, environments, runs and faults.',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText('after', COMPLETION_EXAMPLES)
    .action(
      handled(async (shell: Shell) => (await import('./completion.ts')).completionCommand(shell, host)),
    );
  program
    .command('__complete', { hidden: true })
    .argument('[word...]')
    .action(
      handled(async (words: string[]) =>
        (await import('./completion.ts')).completeCommand(program, words, host),
      ),
    );

  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.passed : EXIT.usage;
    return tellError(error, host, dataIn(argv));
  }
}

/** `--data DIR` as it was given, for hints. */
function dataIn(argv: readonly string[]): string {
  const at = argv.indexOf('--data');
  const data = at < 0 ? argv.find((word) => word.startsWith('--data='))?.slice(7) : argv[at + 1];
  return dataOption(data === undefined ? {} : { data });
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Without a default of its own: whether it was said tells whether it contradicts something else. */
function clientsOption(when = ''): Option {
  return new Option(
    '--clients <which>',
    `${when}which koji, bodhi and fedpkg it uses (default: the real ones where all are installed)`,
  ).choices(CLIENT_CHOICES);
}

const EXAMPLES = `
Examples:
  packprobe run single-build --env sandbox      see it all work, on this machine alone
  packprobe plan single-build                   what a run would do
  packprobe validate                            are my files right?
  packprobe runs show 019a9f2e                  what happened, with what proof
`;

const SERVE_EXAMPLES = `
Examples:
  packprobe serve --env sandbox                 see it work, on this machine alone
  packprobe serve                               what /etc/packprobe/packprobe.yaml says
  packprobe status                              from another terminal: does it work now?
`;

const TIDY_EXAMPLES = `
Examples:
  packprobe tidy --dry-run
  packprobe tidy
  packprobe tidy 019a9f2e
`;

const SANDBOX_EXAMPLES = `
Examples:
  packprobe sandbox --speed 120
  packprobe sandbox --list-faults
  packprobe sandbox --fault koji:http-500
`;

const BACKUP_EXAMPLE = `
Example:
  packprobe backup /var/backups/packprobe-$(date +%F).db

To restore one: stop packprobe, move packprobe.db, packprobe.db-wal and packprobe.db-shm out of the data folder,
copy the backup to packprobe.db there, and look at it with \`packprobe runs list\`. More in docs/data.md.
`;

const RUN_EXAMPLES = `
Examples:
  packprobe run single-build --env sandbox
  packprobe run single-build --env sandbox --fault koji:http-500      see how an outage is told
  packprobe run single-build --env sandbox --json | jq .outcome
  packprobe run ./my-probe.yaml --env fedora-staging --set build_timeout=2h
`;

const COMPLETION_EXAMPLES = `
To install it:
  bash    echo 'source <(packprobe completion bash)' >> ~/.bashrc
  zsh     packprobe completion zsh > "\${fpath[1]}/_packprobe"
  fish    packprobe completion fish > ~/.config/fish/completions/packprobe.fish
and start a new shell. \`packprobe\` must be on PATH.
`;
