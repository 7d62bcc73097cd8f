//! Names and passwords that a form, a function or the column of a database often spoils.

use crate::{Browser, Form, Miss, Trial, User, families::gets_an_account, page::folded};

/// A text that people type, and what it has.
const ODD: [[&str; 2]; 10] = [
    ["x", "a single letter"],
    ["two words", "a space"],
    ["it's \"odd\"", "quotation marks"],
    ["50%25", "a percent sign"],
    ["a+b", "a plus sign"],
    ["a&b=c;d", "a sign that separates fields"],
    ["<b>&lt;", "signs of HTML"],
    ["pässwörd", "letters beyond ASCII"],
    ["e\u{301}", "a combining accent (U+0301)"],
    ["日本語🍐", "characters of three and four bytes"],
];

/// In characters: longer than what password hashes cut off without a word (bcrypt: 72 bytes), and no longer than what
/// a site may refuse (it has to permit at least 64, by ASVS 6.2.9).
const LONGEST: usize = 100;

const FIELDS: [&str; 2] = ["username", "password"];

/// Why they have to be taken.
const ANYTHING: &str = "people choose long names and passwords with any characters, and a site that takes only some of them locks them out";

/// Checks that a browser lets a visitor enter them into this form, and send it.
pub(crate) fn can_be_entered(form: &Form) -> Result<(), Miss> {
    for name in FIELDS {
        for [text, what] in ODD {
            form.takes(name, text).map_err(|miss| {
                let expected = format!("a field `{name}` that takes {what}, as in  {text}");
                Miss { expected, ..miss }.why(ANYTHING)
            })?;
        }
        form.takes(name, &"x".repeat(LONGEST)).map_err(|miss| {
            let expected = format!("a field `{name}` that takes {LONGEST} characters");
            Miss { expected, ..miss }.why(ANYTHING)
        })?;
    }
    Ok(())
}

/// Checks that the right name and password lead to this page, whatever is in them. If they do not, says what was in
/// them, or how many characters were too many.
pub(crate) async fn logs_in(trial: &Trial, inside: &str) -> Result<(), Miss> {
    if is_let_in(trial, odd(trial), inside).await.is_ok() {
        return Ok(());
    }
    for (number, [text, what]) in ODD.into_iter().enumerate() {
        let (plain, odd) = (trial.named(&format!("dora{number}")), trial.named(text));
        let so = |field| {
            format!("the name and the password are right, and the {field} has {what}: something changes or refuses it")
        };
        let user = User { name: odd.clone(), password: plain.clone() };
        is_let_in(trial, user, inside).await.map_err(|miss| miss.so_anyway(&so("name")).why(ANYTHING))?;
        let user = User { name: plain, password: odd };
        is_let_in(trial, user, inside).await.map_err(|miss| miss.so_anyway(&so("password")).why(ANYTHING))?;
    }
    is_not_cut(trial, "password", inside, |length| (format!("dora{length}"), "x".repeat(length))).await?;
    is_not_cut(trial, "name", inside, |length| ("x".repeat(length), format!("secret{length}"))).await?;
    // Only all of it together is too much.
    is_let_in(trial, odd(trial), inside).await.map(drop).map_err(|miss| miss.why(ANYTHING))
}

/// Checks that this page shows all of a long name, if its user is let in.
pub(crate) async fn is_named(trial: &Trial, inside: &str) -> Result<(), Miss> {
    let own = trial.named("dora");
    let name = format!("{own}{}", "x".repeat(LONGEST.saturating_sub(own.chars().count())));
    let user = User { name: name.clone(), password: own };
    let Ok(dora) = is_let_in(trial, user, inside).await else { return Ok(()) }; // another requirement is about that
    let page = dora.get(inside).await?;
    let so = "the name of this user is long, and the page does not show all of it";
    page.shows(&folded(&name)).map_err(|miss| miss.so_if(page.is_ok().then_some(so)))
}

/// A user with all of them in the name and in the password, which are as long as can be.
fn odd(trial: &Trial) -> User {
    let all = trial.named(&ODD.map(|[text, _]| text).join(" "));
    let long = format!("{all}{}", "x".repeat(LONGEST.saturating_sub(all.chars().count())));
    User { name: long.clone(), password: long }
}

/// Checks that as many characters as can be are let in. If they are not, says how many are.
async fn is_not_cut(
    trial: &Trial,
    field: &str,
    inside: &str,
    of_length: impl Fn(usize) -> (String, String),
) -> Result<(), Miss> {
    let user = |length| {
        let (name, password) = of_length(length);
        User { name, password }
    };
    let (mut taken, mut refused) = (0, LONGEST);
    if is_let_in(trial, user(refused), inside).await.is_ok() {
        return Ok(());
    }
    while refused - taken > 1 {
        let length = (taken + refused) / 2;
        let is_taken = is_let_in(trial, user(length), inside).await.is_ok();
        *(if is_taken { &mut taken } else { &mut refused }) = length;
    }
    let so = format!(
        "a {field} of {taken} characters is let in, and one of {refused} is not, although it is right: something cuts off or refuses what is longer than {taken}"
    );
    is_let_in(trial, user(refused), inside).await.map(drop).map_err(|miss| miss.so_anyway(&so).why(ANYTHING))
}

/// The browser of this user, who has an account now, logs in, and is led to this page.
async fn is_let_in<'t>(trial: &'t Trial, user: User, inside: &str) -> Result<Browser<'t>, Miss> {
    trial.log().begin_anew();
    gets_an_account(trial, &user);
    let dora = trial.browser("dora");
    dora.log_in(&user).await?.redirects_to(inside)?;
    Ok(dora)
}
