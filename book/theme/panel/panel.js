// The panel beside a page: a lesson's demo and its inspector, or an exercise's code, app and checks.
(() => {
  const { studio } = window;
  if (!studio?.place) return;
  const { element, kept, shell, place } = studio;

  const TALL = matchMedia("(min-height: 700px)");
  const away = element("p", { className: "note away", role: "status" });
  studio.events.connected((is) => { away.textContent = is ? "" : "The studio does not answer. Start it again, and this page continues."; });
  // An exercise that cargo cannot read keeps it from building any program of the workbook.
  const broken = element("p", { className: "note broken", role: "status" });
  studio.events.listen(({ exercises }) => {
    const found = Object.entries(exercises).filter(([, { broken }]) => broken).map(([number, { broken }]) => (number === place.dataset.exercise
      ? `${broken}, so nothing can be built. Press “Start over” to restore it.`
      : `${broken}, so nothing can be built. To restore it, press “Start over” on the page of exercise ${number}.`));
    if (broken.textContent !== found.join(" ")) broken.textContent = found.join(" ");
  });
  const header = (title, ...more) => element("header", {}, element("h2", { textContent: title }), ...more, shell.closer);

  // Where the window is high, both parts of a view are seen at once.
  const split = () => shell.panel.classList.toggle("split", TALL.matches);
  TALL.addEventListener("change", split);
  split();

  const lesson = (number) => {
    const { path, lab } = place.dataset;
    const kind = lab ? "Lab" : "Demo";
    const program = studio.programView({ title: `${kind} of lesson ${number}`, start: lab ? `/attacks/${lab}` : path });
    const tabs = studio.tabs(`${kind} or inspector`, [
      { name: "demo", title: kind, view: program.view }, { name: "inspector", title: "Inspector", view: program.seen },
    ], (name) => { shell.panel.dataset.view = name; });
    shell.fill(header(`Lesson ${number}`, tabs.list), away, broken, studio.cookieNote, program.view, program.seen);
    tabs.choose("demo");
    shell.whenShown(program.begin);
    // It tells when it shows what came of an attack.
    addEventListener("message", ({ source, data }) => {
      if (lab && program.isShownIn(source) && data?.attack) studio.ask(`labs/${studio.page}`, "PUT").catch(() => {}); // a lab less
    });
  };

  const exercise = (number) => {
    const task = studio.task(number);
    const code = studio.code(number, (...save) => saved(...save));
    const checks = studio.checks(number, {
      lead: (file, line) => { shell.reveal(); tabs.choose("code"); code.goTo(file, line); },
      onShown: (now, isOld) => { task.show(now, isOld); code.annotate(now?.errors ?? []); },
      onHint: task.note,
      prepare: () => code.saveFirst(),
    });
    const app = element("section", { className: "app-part", "aria-label": "Your app" });
    let program = null;
    const start = async () => {
      if (program) return;
      const { start: path, accounts } = await studio.asked(`exercises/${number}`);
      program = studio.programView({ title: `Your app, exercise ${number}`, start: path, about: accounts, nobody: false });
      app.append(program.view, program.seen);
      program.begin();
    };
    const tabs = studio.tabs("Code, app or checks", [
      { name: "code", title: "Code", view: code.view }, { name: "app", title: "App", view: app }, { name: "checks", title: "Checks", view: checks.section },
    ], (name) => {
      shell.panel.dataset.view = name;
      kept.set("panel.tab", name);
      if (name === "app") start();
    });

    // What is on the disk, as far as this window knows. A save from here is told by its answer, any other by an event.
    let known = null;
    const saved = (all, isToCheck) => { known = all; if (isToCheck && checks.onSave()) checks.run({ saves: false }); };
    studio.events.listen(async (now) => {
      await code.idle();
      const of = now.exercises[number];
      if (!of) return;
      const files = of.files ?? ""; // the folder may be gone
      const isNews = known !== null && files !== known;
      known = files;
      checks.look(of);
      if (!isNews) return;
      await code.load();
      if (checks.onSave() && of.files && of.files !== of.judged) checks.run({ saves: false });
    });

    shell.fill(header(`Exercise ${number}`, tabs.list), away, broken, studio.cookieNote, code.view, app, checks.section);
    const last = kept.get("panel.tab", "code");
    tabs.choose(["code", "app", "checks"].includes(last) ? last : "code");
    checks.fetch();
    // Whoever reads the task needs both soon. Where nobody answers, they are built when they are asked for.
    shell.whenShown(() => { studio.ask(`programs/exercise-${number}/ahead`, "POST").catch(() => {}); });
  };

  if (place.dataset.lesson) lesson(place.dataset.lesson);
  else exercise(place.dataset.exercise);
})();
