//! One play: the stand-in, the appliance beside it or as a process, and somebody who watches until all is settled.
//!
//! Promises: a play ends when every update is confirmed and nothing is left to be done, or when nothing has moved for
//! a minute; the folder it used is removed and the process it started is ended, whatever happens.
//!
//! Never: a verdict of its own.

use super::readings::{Readings, resident};
use super::report::{Figures, MemoryOf, ModelFigures, Settled, Watcher};
use super::script::Script;
use super::scripted_model::ScriptedModel;
use super::standin::{Drained, Progress, StandIn};
use super::{DemoError, DemoOptions, Ending, Order};
use crate::counters::Counters;
use crate::policy;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How often the watcher looks.
const LOOK: Duration = Duration::from_millis(50);

/// How long nothing may arrive at the stand-in for a play to count as settled.
const QUIET: Duration = Duration::from_millis(300);

/// How long nothing may move before a play is given up.
const STUCK: Duration = Duration::from_secs(60);

/// How long the appliance may take to drain: its own promise is 5 s.
const DRAIN: Duration = Duration::from_secs(8);

/// What is ready before the appliance starts.
pub struct Stage {
    standin: StandIn,
    model: Option<ScriptedModel>,
    folder: Folder,
    policy_dir: PathBuf,
    page: SocketAddr,
    token: String,
}

impl Stage {
    /// Starts the stand-in, makes a folder and finds a port.
    pub fn set(script: Script, options: &DemoOptions) -> Result<Self, DemoError> {
        let token = script.token.clone();
        let machine = |what: &str, error: std::io::Error| DemoError::Machine(format!("{what}: {error}"));
        let listen = options.listen.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        // The port is free now; the appliance takes it in a moment and says so if somebody was quicker.
        let page = TcpListener::bind(listen)
            .and_then(|listener| listener.local_addr())
            .map_err(|error| machine(&format!("cannot listen at {listen}"), error))?;
        let folder = Folder::make().map_err(|error| machine("cannot make a folder for the demonstration", error))?;
        let standin = StandIn::start(script, (Ipv4Addr::LOCALHOST, 0).into())
            .map_err(|error| machine("cannot start the Bot API stand-in", error))?;
        let model =
            options.model.clone().map(|does| ScriptedModel::start(does, &super::MODEL_WORDS, super::MODEL_PRICES));
        let model = model.transpose().map_err(|error| machine("cannot start the model's stand-in", error))?;
        let policy_dir = folder.packs().map_err(|error| machine("cannot write the demonstration's packs", error))?;
        Ok(Self { standin, model, folder, policy_dir, page, token })
    }

    fn figures(&self, readings: &Readings, settled: Settled, peak: Option<u64>, memory_of: MemoryOf) -> Figures {
        Figures {
            settled,
            peak_bytes: peak,
            memory_of,
            page: Some(self.page),
            model: self.model.as_ref().map(|model| ModelFigures::gather(&model.seen(), readings)),
            ..Figures::gather(&self.standin.ledger(), readings)
        }
    }
}

/// A folder that is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn make() -> std::io::Result<Self> {
        let name = format!("aegis-demo-{}-{:08x}", std::process::id(), fastrand::u32(..));
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        std::fs::DirBuilder::new().mode(0o700).create(path.join("data"))?;
        Ok(Self(path))
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// The packs of the demonstration: it plays an evening within a second and says a few hundred sentences again and
    /// again, so that the pack that counts repetitions in time would be right to find a flood.
    fn packs(&self) -> std::io::Result<PathBuf> {
        let dir = self.0.join("packs");
        std::fs::create_dir_all(&dir)?;
        for source in policy::shipped().iter().filter(|source| source.file != "flood.toml") {
            std::fs::write(dir.join(&source.file), &source.text)?;
        }
        Ok(dir)
    }

    /// Settings for an appliance that asks the model at this address.
    fn settings(&self, base_url: &str) -> std::io::Result<PathBuf> {
        let ai = super::ai(base_url.to_owned());
        let text = format!(
            "[ai]\nbase_url = \"{base_url}\"\nmodel = \"{}\"\ntimeout_ms = {}\ndeadline_s = {}\n\
             calls_per_minute = {}\nburst = {}\nprice_input = \"{}\"\nprice_output = \"{}\"\n\n\
             [budget]\nmoney = \"{}\"\ncalls = {}\n",
            ai.model,
            ai.timeout_ms,
            ai.deadline_s,
            ai.calls_per_minute,
            ai.burst,
            super::MODEL_PRICES.input,
            super::MODEL_PRICES.output,
            super::MODEL_MONEY,
            super::MODEL_CALLS,
        );
        let path = self.0.join("aegis.toml");
        std::fs::write(&path, text)?;
        Ok(path)
    }

    fn log(&self) -> PathBuf {
        self.0.join("appliance.log")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Decides when a play is over.
struct Watch {
    watcher: Watcher,
    last: (usize, u64),
    moved: Instant,
}

impl Watch {
    fn new() -> Self {
        Self { watcher: Watcher::new(), last: (0, 0), moved: Instant::now() }
    }

    /// Looks once; says how it ended, if it did.
    fn look(&mut self, progress: Progress, readings: Option<&Readings>) -> Option<Settled> {
        self.watcher.show(progress);
        let now = (progress.released, progress.actions);
        if now != self.last {
            self.last = now;
            self.moved = Instant::now();
        }
        let quiet = self.moved.elapsed();
        let nothing_left = readings
            .is_some_and(|readings| ["outbox_rows", "review_rows"].into_iter().all(|name| readings.get(name) == 0));
        if progress.drained == Drained::Drained && nothing_left && quiet >= QUIET {
            return Some(Settled::Settled);
        }
        (quiet >= STUCK).then_some(Settled::Stuck)
    }
}

/// Plays with the appliance in this process.
pub async fn in_process<F, Fut>(stage: Stage, ending: Ending, appliance: F) -> Result<Figures, DemoError>
where
    F: FnOnce(Order) -> Fut,
    Fut: Future<Output = Result<(), String>>,
{
    let (counters, welcome) = (Arc::new(Counters::default()), Arc::new(OnceLock::new()));
    let (stop, stopped) = oneshot::channel();
    let order = Order {
        token: stage.token.clone(),
        api_url: stage.standin.api_url(),
        model: stage.model.as_ref().map(ScriptedModel::base_url),
        data_dir: stage.folder.data(),
        policy_dir: stage.policy_dir.clone(),
        page: stage.page,
        welcome: Arc::clone(&welcome),
        counters: Arc::clone(&counters),
        stop: stopped,
    };
    let mut appliance = std::pin::pin!(appliance(order));
    let watching = async {
        let mut watch = Watch::new();
        let mut interrupted = std::pin::pin!(interruption());
        let settled = loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = &mut interrupted => break Settled::Interrupted,
            }
            if let Some(settled) = watch.look(stage.standin.progress(), Some(&Readings::of(&counters))) {
                break settled;
            }
        };
        watch.watcher.end();
        let peak = resident(None).map(|resident| resident.peak);
        let figures = stage.figures(&Readings::of(&counters), settled, peak, MemoryOf::Both);
        tell(&figures, ending, welcome.get().map_or("", String::as_str));
        if ending == Ending::KeepServing && settled != Settled::Interrupted {
            interrupted.await;
        }
        figures
    };
    let figures = tokio::select! {
        ended = &mut appliance => return Err(ended_early(ended)),
        figures = watching => figures,
    };
    let _ = stop.send(());
    match tokio::time::timeout(DRAIN, appliance).await {
        Ok(Ok(())) => Ok(figures),
        Ok(Err(why)) => Err(DemoError::Appliance(why)),
        Err(_) => Err(DemoError::Appliance("it did not drain in time".to_owned())),
    }
}

fn ended_early(ended: Result<(), String>) -> DemoError {
    DemoError::Appliance(ended.err().unwrap_or_else(|| "without saying why".to_owned()))
}

/// Where the page is entered, as an appliance of its own last said in its log.
fn told_in(log: &Path) -> String {
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let address = said.rsplit("http://").find(|piece| piece.contains("/setup?code="));
    let end = |c: char| c.is_whitespace() || c == '\u{1b}';
    address.and_then(|piece| piece.split(end).next()).map(|found| format!("http://{found}")).unwrap_or_default()
}

fn tell(figures: &Figures, ending: Ending, welcome: &str) {
    println!("{figures}");
    if ending == Ending::KeepServing && figures.settled != Settled::Interrupted {
        println!("  the page stays until you press Ctrl-C; to enter it, choose a name and a password at");
        println!("  {welcome}");
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn interruption() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

/// The appliance as a process; ended when dropped.
struct Process {
    child: Child,
    peak: u64,
}

impl Process {
    fn start(stage: &Stage) -> Result<Self, DemoError> {
        let machine = |error: std::io::Error| DemoError::Machine(format!("cannot start the appliance: {error}"));
        let program = std::env::current_exe().map_err(machine)?;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(stage.folder.log()).map_err(machine)?;
        let mut command = Command::new(program);
        command.arg("run").current_dir(&stage.folder.0);
        if let Some(model) = &stage.model {
            let settings = stage.folder.settings(&model.base_url()).map_err(machine)?;
            command.arg("--config").arg(settings);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AEGIS_") {
                command.env_remove(name);
            }
        }
        command
            .env("AEGIS_TELEGRAM_TOKEN", &stage.token)
            .env("AEGIS_TELEGRAM_API_URL", stage.standin.api_url())
            .env("AEGIS_DATA_DIR", stage.folder.data())
            .env("AEGIS_POLICY_DIR", &stage.policy_dir)
            .env("AEGIS_MODE", "enforce")
            .env("AEGIS_TELEGRAM_RPS", "0")
            .env("AEGIS_TELEGRAM_GROUP_RPM", "0")
            .env("AEGIS_WEB_LISTEN", stage.page.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Ok(Self { child: command.spawn().map_err(machine)?, peak: 0 })
    }

    /// Looks at its memory; says whether it has ended.
    fn look(&mut self) -> Option<String> {
        if let Some(resident) = resident(Some(self.child.id())) {
            self.peak = self.peak.max(resident.peak);
        }
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(status.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// SIGKILL: no word of warning.
    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, then time to drain.
    async fn end(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let asked = Instant::now();
        while asked.elapsed() < DRAIN && matches!(self.child.try_wait(), Ok(None)) {
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Plays with the appliance as a process that is killed once in the middle of the stream.
pub async fn as_process(stage: Stage, ending: Ending) -> Result<Figures, DemoError> {
    let mut process = Process::start(&stage)?;
    let total = stage.standin.progress().total;
    let mut watch = Watch::new();
    let mut interrupted = std::pin::pin!(interruption());
    let (mut first_life, mut readings, mut killed) = (Readings::default(), None, Killed::NotYet);
    let settled = loop {
        // Wakes with every call, so that the kill comes while the appliance is at work.
        let half = stage.standin.wait_until(LOOK, |town| town.released().saturating_mul(2) >= total);
        tokio::select! {
            () = &mut interrupted => break Settled::Interrupted,
            _ = half, if killed == Killed::NotYet => {}
            () = tokio::time::sleep(LOOK), if killed == Killed::Once => {}
        }
        let progress = stage.standin.progress();
        if killed == Killed::NotYet && progress.released.saturating_mul(2) >= total {
            process.look();
            process.kill();
            let peak = process.peak;
            process = Process::start(&stage)?;
            process.peak = peak;
            killed = Killed::Once;
            first_life = readings.take().unwrap_or_default();
            continue;
        }
        if let Some(why) = process.look() {
            watch.watcher.end();
            return Err(DemoError::Appliance(format!("{why}\n{}", last_words(&stage.folder.log()))));
        }
        if let Ok(read) = Readings::fetch(stage.page).await {
            readings = Some(read);
        }
        let over = watch.look(progress, readings.as_ref());
        if let Some(settled) = over
            && (killed == Killed::Once || settled == Settled::Stuck)
        {
            break settled;
        }
    };
    watch.watcher.end();
    let readings = readings.unwrap_or_default().after(&first_life);
    let peak = (process.peak > 0).then_some(process.peak);
    let mut figures = stage.figures(&readings, settled, peak, MemoryOf::ApplianceAlone);
    if killed == Killed::Once {
        figures.faults.insert("kill", 1);
    }
    tell(&figures, ending, &told_in(&stage.folder.log()));
    if ending == Ending::KeepServing && settled != Settled::Interrupted {
        interrupted.await;
    }
    process.end().await;
    Ok(figures)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Killed {
    NotYet,
    Once,
}

/// The end of the appliance's log.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(10)).copied().collect::<Vec<_>>().join("\n")
}
