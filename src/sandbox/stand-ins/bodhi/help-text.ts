import type { Habits } from './version.ts';

/** Help of the commands of `bodhi`, by what was asked for. */
export function helpOf(path: string, { types, requirements }: Habits): string | undefined {
  const text = HELP[path]?.replace('[TYPES]', `[${types.join('|')}]`);
  if (requirements || path !== 'releases') return text;
  return text
    ?.replace(/^ {2}requirements .*\n/m, '')
    .replaceAll(/^( {2}(?:create|edit|info|list)) +/gm, (_, name: string) => name.padEnd(10));
}

const HELP: Readonly<Record<string, string>> = {
  '': `Usage: bodhi [OPTIONS] COMMAND [ARGS]...

  Command line tool for interacting with Bodhi.

Options:
  --version  Show the version and exit.
  --help     Show this message and exit.

Commands:
  composes   Interact with composes.
  overrides  Interact with overrides on Bodhi.
  releases   Interact with releases.
  updates    Interact with updates on Bodhi.
`,
  updates: `Usage: bodhi updates [OPTIONS] COMMAND [ARGS]...

  Interact with updates on Bodhi.

Options:
  --help  Show this message and exit.

Commands:
  comment        Comment on an update.
  download       Download the builds in one or more updates.
  edit           Edit an existing update.
  new            Create a new update.
  query          Query updates on Bodhi.
  request        Change an update's request status.
  trigger-tests  Trigger tests for existing update in testing status.
  waive          Show or waive unsatified requirements (ie: missing or...
`,
  releases: `Usage: bodhi releases [OPTIONS] COMMAND [ARGS]...

  Interact with releases.

Options:
  --help  Show this message and exit.

Commands:
  create        Create a release.
  edit          Edit an existing release.
  info          Retrieve and print info about a named release.
  list          Retrieve and print list of releases.
  requirements  Retrieve and print testing requirements for a release.
`,
  'updates new': `Usage: bodhi updates new [OPTIONS] BUILDS_OR_TAG

  Create a new update.

  BUILDS_OR_TAG: a comma separated list of Builds to be added to the update
  (e.g. 0ad-0.0.21-4.fc26,2ping-3.2.1-4.fc26) or a single side-tag name

Options:
  --type [TYPES]
                                  Update type  [required]
  --severity [unspecified|low|medium|high|urgent]
                                  Update severity
  --notes TEXT                    Update description
  --notes-file TEXT               Update description from a file
  --bugs TEXT                     Comma-separated list of bug numbers
  --close-bugs / --no-close-bugs  Automatically close bugs or not
  --request [testing|stable|unpush]
                                  Requested repository
  --autotime / --no-autotime      Enable/Disable stable push based on time in
                                  testing
  --stable-days INTEGER           Days in testing required to push to stable
  --autokarma / --no-autokarma    Enable/Disable karma automatism
  --stable-karma INTEGER          Stable karma threshold
  --unstable-karma INTEGER        Unstable karma threshold
  --requirements TEXT             Space or comma-separated list of required
                                  Taskotron tasks
  --suggest [unspecified|reboot|logout]
                                  Post-update user suggestion
  --display-name TEXT             The name of the update
  --staging                       Use the staging bodhi instance
  --from-tag                      Use builds from a Koji tag instead of
                                  specifying them individually
  --file TEXT                     A text file containing all the update
                                  details
  --client-id TEXT                The OIDC client_id. Ignored if --staging is
                                  set.
  --id-provider TEXT              The OIDC provider. Ignored if --staging is
                                  set.
  --url TEXT                      URL of a Bodhi server. Ignored if --staging
                                  is set. Can be set with BODHI_URL
                                  environment variable
  --debug                         Display debugging information.
  --help                          Show this message and exit.
`,
  'updates waive': `Usage: bodhi updates waive [OPTIONS] UPDATE [COMMENT]

  Show or waive unsatified requirements (ie: missing or failing tests) on an
  existing update.

  UPDATE: The alias of the update (e.g. FEDORA-2017-f8e0ef2850)

  COMMENT: A comment explaining why the requirements were waived (mandatory
  with --test)

Options:
  --show              List all the required unsatisfied requirements
  --test TEXT         Waive the specific test(s), to automatically waive all
                      unsatisfied requirements, specify --test=all
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --staging           Use the staging bodhi instance
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --debug             Display debugging information.
  --help              Show this message and exit.
`,
};
