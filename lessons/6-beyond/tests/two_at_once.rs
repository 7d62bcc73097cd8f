//! Tests two requests at once. The clock is paused and moves only when all tasks wait. A request saves two seconds
//! after it has loaded, and the other one begins one second after the first.

mod log;

use std::time::Duration;

use checks::{Answer, Browser, Miss, StoryStep, Trial};
use lesson_6::app;
use log::Log;
use tracing_subscriber::util::SubscriberInitExt;

const LIST: [&str; 2] = ["/two-at-once/uncompared", "/two-at-once/compared"];
const STOCK: &str = "/two-at-once/stock";

/// Makes the snapshot of the story that the book shows, with the items that the pages list.
fn told(name: &str, trial: &Trial) {
    let with_list = |mut step: StoryStep| {
        let page = step.exchange.as_ref().map(|exchange| exchange.response.body.text.as_str()).unwrap_or_default();
        let lines = page.split("<li>").skip(1).filter_map(|rest| rest.split('<').next());
        step.meant.extend(lines.map(str::to_owned));
        step.to_string()
    };
    let story: String = trial.story().into_iter().map(with_list).collect();
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, story) });
}

/// Sends two requests. The second begins between the load and the save of the first.
async fn both(
    one: impl Future<Output = Result<Answer, Miss>>,
    other: impl Future<Output = Result<Answer, Miss>>,
) -> Result<[Answer; 2], Miss> {
    let later = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        other.await
    };
    let (one, other) = tokio::join!(one, later);
    Ok([one?, other?])
}

/// Alice's list has a quince. She adds these two items in two tabs at the same time.
async fn adds_in_two_tabs<'t>(trial: &'t Trial, list: &str, items: [&str; 2]) -> Result<Browser<'t>, Miss> {
    let alice = trial.browser("alice");
    alice.post(&format!("{list}/quince"), &[]).await?.redirects_to(list)?;
    let tab = alice.copied_by("old tab");
    let [one, other] = items.map(|item| format!("{list}/{item}"));
    for answer in both(alice.post(&one, &[]), tab.post(&other, &[])).await? {
        answer.redirects_to(list)?;
    }
    Ok(alice)
}

#[tokio::test(start_paused = true)]
async fn without_a_comparison_the_later_save_undoes_the_earlier_one() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let [list, _] = LIST;
    let alice = adds_in_two_tabs(&trial, list, ["pear", "plum"]).await?;
    let page = alice.get(list).await?;
    page.shows("plum × 1")?;
    page.shows_not("pear × 1", "the earlier save has been kept: is this list compared, too?")?;
    told("uncompared", &trial);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn with_a_comparison_both_changes_of_a_session_are_kept() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let [_, list] = LIST;
    let alice = adds_in_two_tabs(&trial, list, ["pear", "plum"]).await?;
    let page = alice.get(list).await?;
    ["quince × 1", "pear × 1", "plum × 1"].into_iter().try_for_each(|line| page.shows(line))?;
    told("compared", &trial);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_conflict_that_is_handled_is_no_failure_in_the_log() -> Result<(), Miss> {
    let log = Log::default();
    let _logging = session_inspector::log_to(log.clone(), lesson_6::LOGGED).set_default();
    let trial = Trial::of(app);
    let [_, list] = LIST;
    adds_in_two_tabs(&trial, list, ["pear", "plum"]).await?;
    tracing::error!("a failure");
    let text = log.text();
    let failures: Vec<_> = text.lines().filter(|line| line.contains("ERROR")).collect();
    assert!(matches!(failures[..], [one] if one.contains("a failure")), "{text}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_two_tabs_add_of_one_item_is_counted_twice_only_with_a_comparison() -> Result<(), Miss> {
    for (list, shown) in LIST.into_iter().zip(["pear × 1", "pear × 2"]) {
        let trial = Trial::of(app);
        let alice = adds_in_two_tabs(&trial, list, ["pear", "pear"]).await?;
        alice.get(list).await?.shows(shown)?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_two_sessions_share_is_sold_twice_without_a_comparison() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    let path = format!("{STOCK}/uncompared");
    for answer in both(alice.post(&path, &[]), bob.post(&path, &[])).await? {
        answer.redirects_to(STOCK)?;
    }
    // Both visitors' answers say that they have bought the only cup, and the number of sold cups is wrong, too.
    alice.get(STOCK).await?.shows("0 on the shelf, 1 sold.")
}

#[tokio::test(start_paused = true)]
async fn what_two_sessions_share_is_sold_once_with_a_comparison() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let [alice, bob] = ["alice", "bob"].map(|who| trial.browser(who));
    let path = format!("{STOCK}/compared");
    let [one, other] = both(alice.post(&path, &[]), bob.post(&path, &[])).await?;
    one.redirects_to(STOCK)?;
    other.has_status(409)?;
    assert_eq!(other.text(), "The last cup is sold.");
    alice.get(STOCK).await?.shows("0 on the shelf, 1 sold.")?;
    alice.post(&format!("{STOCK}/refill"), &[]).await?.redirects_to(STOCK)?;
    bob.get(STOCK).await?.shows("1 on the shelf, 0 sold.")
}

#[tokio::test]
async fn no_get_adds_or_sells_and_an_unknown_item_gets_an_answer_that_says_so() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    for path in ["/two-at-once", LIST[0], LIST[1], STOCK] {
        alice.get(path).await?.has_status(200)?;
    }
    for list in LIST {
        alice.get(&format!("{list}/pear")).await?.has_status(405)?;
        alice.post(&format!("{list}/yacht"), &[]).await?.has_status(404)?;
        alice.get(list).await?.shows("Nothing yet")?;
    }
    alice.get(&format!("{STOCK}/compared")).await?.has_status(405)?;
    alice.get(STOCK).await?.shows("1 on the shelf, 0 sold.")
}
