import { type Bodhi, look, rule, type Work } from './context.ts';
import { commentJson, type Json, updateJson } from './json.ts';
import type { Comment, Update } from './model.ts';

const ANNOUNCEMENT = 'bodhi.update.status.testing.koji-build-group.build.complete';

export interface NewComment {
  readonly text: string;
  readonly author: string;
  readonly karma?: number;
}

/** Writes a comment down, without any of what karma may bring about. */
export function addComment(bodhi: Bodhi, update: Update, { text, author, karma = 0 }: NewComment): Comment {
  const comment: Comment = {
    id: bodhi.store.nextId('comment'),
    text,
    karma,
    karma_critpath: 0,
    timestamp: bodhi.kit.clock.now(),
    update,
    user: bodhi.store.user(author),
  };
  bodhi.store.comments.push(comment);
  update.comments.push(comment);
  return comment;
}

/** `bodhi.update.…` with the whole update as it is now. */
export function tell(bodhi: Bodhi, work: Work, topic: string, update: Update, more: Json = {}): void {
  work.say(`bodhi.update.${topic}`, { update: updateJson(update, look(bodhi, false)), ...more });
}

/** Tells of a comment; those of Bodhi itself are never told. */
export function tellComment(bodhi: Bodhi, work: Work, comment: Comment): void {
  work.say('bodhi.update.comment', {
    comment: commentJson(comment, look(bodhi, false)),
    agent: comment.user.name,
  });
}

/** Tells CI that the update is ready to be tested: at its creation, when its builds change, when somebody asks for tests. */
export function announce(
  bodhi: Bodhi,
  work: Work,
  update: Update,
  options: { readonly agent: string; readonly again?: boolean; readonly json?: Json },
): void {
  const says = update.builds.map(({ nvr }) => rule(bodhi, 'bodhi.announce', nvr));
  if (says.includes('never')) return;
  const nvrs = update.builds.map(({ nvr }) => nvr);
  const builds = nvrs.map((nvr) => {
    const facts = bodhi.ports.koji.build(nvr);
    return { type: 'koji-build', id: facts?.build_id ?? null, task_id: facts?.task_id ?? null, nvr };
  });
  const body = {
    artifact: { type: 'koji-build-group', builds },
    update: options.json ?? updateJson(update, look(bodhi, false)),
    agent: options.agent,
    're-trigger': options.again ?? false,
  };
  const sent = (at: number) => {
    for (const nvr of nvrs) bodhi.kit.truth(nvr, 'announced', at);
  };
  const lateness = says.find((say) => typeof say === 'number');
  if (lateness === undefined) work.say(ANNOUNCEMENT, body, sent);
  else bodhi.kit.clock.after(lateness, () => sent(bodhi.kit.publish(ANNOUNCEMENT, body)));
}
