//! The attacks: mallory's actions, and the test of their success.
//!
//! An attack runs against a new shop in this process. An attack that changes something has succeeded if the shop's
//! books show the change, even if mallory got an error. Two attacks, `read-cookie` and `find-users`, only learn
//! something: they have succeeded if mallory can read it. The tests run each attack against every defense alone.

mod cookie;
mod csrf;
mod ending;
mod fixation;
mod guessing;
mod pinning;
mod script;

use checks::{Answer, Browser, Miss, StoryStep, Trial};
use futures_util::future::BoxFuture;

pub(crate) use fixation::encoded;

use crate::{
    defence::{Defence, Defences, csrf::FIELD, password::Passwords},
    shop::{ACCOUNTS, Books, Shop},
    site::Site,
};

/// Mallory's own site.
const EVIL: &str = "http://evil.localhost";

/// One attack.
pub struct Attack {
    /// Its name in addresses, such as `planted-id`.
    pub id: &'static str,
    /// The page of the book that explains it, below `security/`.
    pub chapter: &'static str,
    /// Mallory's action, in one line.
    pub title: &'static str,
    /// The reason why it works.
    pub why: &'static str,
    /// The defenses that stop it, each of them alone.
    pub stopped_by: &'static [Defence],
    /// The defenses that the attacked shop already has, because the attack needs a later step.
    pub given: &'static [Defence],
    /// Mallory's page with which the reader can try it by hand.
    pub page: Option<&'static str>,
    /// Carries out the attack, and returns whether it succeeded.
    script: Script,
}

type Script = for<'s> fn(&'s Scene<'s>) -> BoxFuture<'s, Result<bool, Miss>>;

/// Every attack, in the order of the chapter.
pub const ALL: &[&Attack] = &[
    &cookie::READ,
    &cookie::FORGE,
    &cookie::REPLAY,
    &fixation::PLANTED,
    &fixation::ADOPTED,
    &fixation::TOSSED,
    &fixation::OLD_COPY,
    &csrf::BY_LINK,
    &csrf::BY_FORM,
    &csrf::LOGIN,
    &script::RIDE,
    &script::STEAL,
    &guessing::PASSWORD,
    &guessing::LOCK_OUT,
    &guessing::USERS,
    &pinning::ROAMING,
    &pinning::NEXT_DOOR,
    &ending::SHARED_COMPUTER,
    &ending::DEMOTED,
    &ending::RESURRECTED,
];

/// The environment of an attack: a shop and browsers.
pub(crate) struct Scene<'s> {
    trial: &'s Trial,
    shop: &'s Shop,
    /// The name of the shop's session cookie.
    cookie: &'static str,
}

/// The result of an attack.
#[derive(Debug)]
pub struct Run {
    /// Whether mallory reached her goal.
    pub succeeded: bool,
    /// The steps of the attack, with the actor of each.
    pub story: Vec<StoryStep>,
    /// The shop's books before and after the attack.
    pub books: [Books; 2],
    /// Whether bob could do everything that a customer does in the same shop.
    pub bob_is_served: bool,
    /// Bob's steps after the attack.
    pub bobs_story: Vec<StoryStep>,
}

impl Attack {
    /// Returns the attack with this ID.
    pub fn named(id: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|attack| attack.id == id)
    }

    // ANCHOR: run
    /// Runs the attack on a new shop with these defenses. Afterwards bob shops there.
    ///
    /// # Errors
    /// The script could not be completed, which is a bug in this lesson.
    pub async fn run(&self, defences: Defences) -> Result<Run, Miss> {
        let shop = Shop::new(Passwords::quick());
        self.play(Site::new("shop", defences.and(self.given), shop, false)).await
    }

    /// Runs the attack on this shop. Afterwards bob shops there.
    pub(crate) async fn play(&self, site: Site) -> Result<Run, Miss> {
        let (shop, cookie) = (site.shop.clone(), site.cookie());
        let trial = Trial::of(move |store| site.clone().serve(store));
        let scene = Scene { trial: &trial, shop: &shop, cookie };
        let before = shop.books();
        let succeeded = (self.script)(&scene).await?;
        let (story, books) = (trial.story(), [before, shop.books()]);
        let bob_is_served = scene.serves_bob().await?;
        let bobs_story = trial.story().split_off(story.len());
        Ok(Run { succeeded, story, books, bob_is_served, bobs_story })
    }
    // ANCHOR_END: run
}

impl<'s> Scene<'s> {
    fn browser(&self, who: &'static str) -> Browser<'s> {
        self.trial.browser(who)
    }

    /// Fills in a form of the start page, and sends it like a browser, with the form's hidden fields.
    async fn submit(&self, who: &Browser<'_>, action: &str, fields: &[(&str, &str)]) -> Result<Answer, Miss> {
        let token = self.token(who).await?;
        let hidden = token.as_deref().map(|token| (FIELD, token));
        who.post(action, &[fields, hidden.as_slice()].concat()).await
    }

    /// Returns the token in the forms that this visitor sees, if there is one.
    async fn token(&self, who: &Browser<'_>) -> Result<Option<String>, Miss> {
        let fields = who.get("/").await?.forms().into_iter().flat_map(|form| form.fields);
        Ok(fields.into_iter().find(|field| field.name == FIELD).map(|field| field.value))
    }

    async fn log_in(&self, who: &Browser<'_>, username: &str) -> Result<Answer, Miss> {
        let password = ACCOUNTS.iter().find(|(name, ..)| *name == username).map_or("", |(_, password, _)| password);
        self.submit(who, "/login", &[("username", username), ("password", password)]).await
    }

    async fn buy(&self, who: &Browser<'_>, item: &str) -> Result<Answer, Miss> {
        self.submit(who, "/buy", &[("item", item)]).await
    }

    // ANCHOR: bob
    /// Makes bob, from another network, do what customers do. Returns whether he could.
    async fn serves_bob(&self) -> Result<bool, Miss> {
        let bob = self.browser("bob");
        bob.moves_to([203, 0, 113, 9].into(), "bob's browser");
        self.log_in(&bob, "bob").await?;
        self.buy(&bob, "a teapot").await?;
        self.submit(&bob, "/wish", &[("item", "a kettle")]).await?;
        self.submit(&bob, "/note", &[("text", "tea & <biscuits>")]).await?;
        self.submit(&bob, "/email", &[("email", "bob@home.example"), ("password", ACCOUNTS[1].1)]).await?;
        let page = bob.get("/").await?.text();
        let is_known = ["Logged in as bob", "a kettle"].iter().all(|words| page.contains(words));
        self.submit(&bob, "/logout", &[]).await?;
        let has_left = bob.get("/").await?.text().contains("You are not logged in");
        let (has_ordered, email) = (self.shop.ordered("bob", "a teapot"), self.shop.email("bob"));
        let is_served = (is_known, has_ordered, email.as_deref(), has_left);
        Ok(is_served == (true, true, Some("bob@home.example"), true))
    }
    // ANCHOR_END: bob
}
