import { generic } from '../faults.ts';
import type { Method, Methods } from '../method.ts';
import { read, session } from '../method.ts';
import type { Caller } from '../sessions.ts';
import { mustBeUser, mustHavePerm } from '../sessions.ts';
import { mustBeHost } from './host-methods.ts';

/**
 * Methods of the real hub that are for those who run it, by what each asks of its caller. The sandbox refuses them with the real
 * words; to the few who may, it says that it does not do them.
 */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  admin: ['mergeScratch RootExports.mergeScratch(task_id)', 'scheduler.doRun do_run(force=False)'],
  tag: ['editTag old_edit_tag(tagInfo, name, arches, locked, permissionID, extra=None)'],
  repo: [
    'repo.autoRequests RepoExports.autoRequests()',
    'repo.checkQueue RepoExports.checkQueue()',
    'repo.setExternalRepoData RepoExports.setExternalRepoData(external_repo_id, data)',
    'repo.setState RepoExports.setState(repo_id, state)',
    'repo.updateEndEvents RepoExports.updateEndEvents()',
  ],
  'dist-repo': ['distRepo RootExports.distRepo(tag, keys, **task_opts)'],
  'maven-import': ['createMavenBuild RootExports.createMavenBuild(build_info, maven_info)'],
  'win-import': ['createWinBuild RootExports.createWinBuild(build_info, win_info)'],
  login: [
    'CGImport cg_import(metadata, directory, token=None)',
    'CGInitBuild cg_init_build(cg, data)',
    'CGRefundBuild cg_refund_build(cg, build_id, token, state=4)',
    'moveAllBuilds RootExports.moveAllBuilds(tag1, tag2, package, force=False)',
    'promoteBuild promote_build(build, force=False)',
  ],
  builder: [
    "host.assertPolicy HostExports.assertPolicy(name, data, default='deny')",
    "host.checkPolicy HostExports.checkPolicy(name, data, default='deny', strict=False)",
    'host.closeTask HostExports.closeTask(task_id, response)',
    'host.completeBuild HostExports.completeBuild(task_id, build_id, srpm, rpms, brmap=None, logs=None)',
    'host.completeImageBuild HostExports.completeImageBuild(task_id, build_id, results)',
    'host.completeMavenBuild HostExports.completeMavenBuild(task_id, build_id, maven_results, rpm_results)',
    'host.completeWinBuild HostExports.completeWinBuild(task_id, build_id, results, rpm_results)',
    'host.createMavenBuild HostExports.createMavenBuild(build_info, maven_info)',
    'host.distRepoMove HostExports.distRepoMove(repo_id, uploadpath, arch)',
    'host.evalPolicy HostExports.evalPolicy(name, data)',
    'host.failBuild HostExports.failBuild(task_id, build_id)',
    'host.failTask HostExports.failTask(task_id, response)',
    'host.freeTasks HostExports.freeTasks(tasks)',
    'host.getHost HostExports.getHost()',
    'host.getHostTasks HostExports.getHostTasks()',
    'host.getLoadData HostExports.getLoadData()',
    'host.importArchive HostExports.importArchive(filepath, buildinfo, type, typeInfo)',
    'host.importImage HostExports.importImage(task_id, build_info, results)',
    'host.importWrapperRPMs HostExports.importWrapperRPMs(task_id, build_id, rpm_results)',
    'host.initBuild HostExports.initBuild(data)',
    'host.initImageBuild HostExports.initImageBuild(task_id, build_info)',
    'host.initMavenBuild HostExports.initMavenBuild(task_id, build_info, maven_info)',
    'host.initWinBuild HostExports.initWinBuild(task_id, build_info, win_info)',
    'host.isEnabled HostExports.isEnabled()',
    'host.moveBuildToScratch HostExports.moveBuildToScratch(task_id, srpm, rpms, logs=None)',
    'host.moveImageBuildToScratch HostExports.moveImageBuildToScratch(task_id, results)',
    'host.moveMavenBuildToScratch HostExports.moveMavenBuildToScratch(task_id, results, rpm_results)',
    'host.moveWinBuildToScratch HostExports.moveWinBuildToScratch(task_id, results, rpm_results)',
    'host.newBuildRoot HostExports.newBuildRoot(repo, arch, task_id=None)',
    'host.openTask HostExports.openTask(task_id)',
    "host.refuseTask HostExports.refuseTask(task_id, soft=True, msg='')",
    'host.repoDone HostExports.repoDone(repo_id, data, expire=False, repo_json_updates=None)',
    'host.repoInit HostExports.repoInit(tag, task_id=None, event=None, opts=None)',
    'host.setBuildRootList HostExports.setBuildRootList(brootid, rpmlist, task_id=None)',
    'host.setBuildRootState HostExports.setBuildRootState(brootid, state, task_id=None)',
    'host.setHostData HostExports.setHostData(hostID, data)',
    'host.setTaskWeight HostExports.setTaskWeight(task_id, weight)',
    'host.subtask HostExports.subtask(method, arglist, parent, **opts)',
    'host.subtask2 HostExports.subtask2(__parent, __taskopts, __method, *args, **opts)',
    'host.tagBuild HostExports.tagBuild(task_id, tag, build, force=False, fromtag=None)',
    "host.tagNotification HostExports.tagNotification(is_successful, tag_id, from_id, build_id, user_id, ignore_success=False, failure_msg='')",
    'host.taskSetWait HostExports.taskSetWait(parent, tasks)',
    'host.taskWait HostExports.taskWait(parent)',
    'host.taskWaitResults HostExports.taskWaitResults(parent, tasks, canfail=None)',
    'host.updateBuildRootList HostExports.updateBuildRootList(brootid, rpmlist, task_id=None)',
    'host.updateBuildrootArchives HostExports.updateBuildrootArchives(brootid, task_id, archives, project=False)',
    'host.updateHost HostExports.updateHost(task_load, ready, data=None)',
    'host.updateMavenBuildRootList HostExports.updateMavenBuildRootList(brootid, task_id, mavenlist, ignore=None, project=False, ignore_unknown=False, extra_deps=None)',
    'host.writeSignedRPM HostExports.writeSignedRPM(an_rpm, sigkey, force=False)',
  ],
};

function assertAllowed(asked: string, caller: Caller): void {
  if (asked === 'builder') mustBeHost(caller.session?.user);
  if (asked !== 'login' && asked !== 'Maven' && asked !== 'Windows') mustHavePerm(caller, asked);
  mustBeUser(caller);
  if (asked === 'Maven' || asked === 'Windows') throw generic(`${asked} support not enabled`);
}

function refused(asked: string, text: string): readonly [string, Method] {
  const [name = '', ...signature] = text.split(' ');
  const method = read(signature.join(' '), (_args, { caller }) => {
    assertAllowed(asked, caller);
    throw generic(`${name} is not done by this hub`);
  });
  return [name, method];
}

/** All of them by name. */
export const closedMethods: Methods = {
  ...Object.fromEntries(
    Object.entries(ASKED).flatMap(([asked, texts]) => texts.map((text) => refused(asked, text))),
  ),
  logoutChild: session('Session.logoutChild(session_id)', (_args, { caller }) => {
    mustBeUser(caller);
    return null;
  }),
};
