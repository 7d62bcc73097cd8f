//! Mistakes in adding.

use std::sync::{Arc, LazyLock};

use axum::{
    Extension, Router,
    extract::Path,
    response::{Html, Redirect},
    routing::{MethodRouter, get, post},
};
use checks::{Database, DatabaseError, Row};
use minijinja::{context, value::Serde};
use solution_8::{ATTEMPTS, Cart, Refusal, User, change, page};
use tokio::sync::Mutex;
use tower_sessions::SessionStore;

use super::{Parts, Shared};

type Item = Path<String>;
type Added = Result<Redirect, Refusal>;

fn adding<S: SessionStore + Clone>(add: MethodRouter, store: S) -> Router {
    Parts { add, ..Parts::default() }.on(store)
}

fn shown() -> Added {
    Ok(Redirect::to("/cart"))
}

/// The cart with one more, and the version it had.
async fn with(database: &Database, user: &str, item: &str) -> Result<Row<Cart>, Refusal> {
    let Row { mut value, version } = database.load::<Cart>(user).await?;
    value.add(item)?;
    Ok(Row { value, version })
}

/// Loads, changes, and saves over whatever is there by then.
async fn save_over(database: &Database, user: &str, item: &str) -> Added {
    let Row { value, .. } = with(database, user, item).await?;
    loop {
        let Row { version, .. } = database.load::<Cart>(user).await?;
        if database.save(user, version, &value).await.is_ok() {
            return shown();
        }
    }
}

pub(super) fn asks_for_the_version_again<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        save_over(&database, &user, &item).await
    }
    adding(post(add), store)
}

pub(super) fn a_stale_save_is_no_matter<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        let Row { value, version } = with(&database, &user, &item).await?;
        let _ = database.save(&user, version, &value).await;
        shown()
    }
    adding(post(add), store)
}

pub(super) fn a_stale_save_is_an_error<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        let Row { value, version } = with(&database, &user, &item).await?;
        database.save(&user, version, &value).await?;
        shown()
    }
    adding(post(add), store)
}

pub(super) fn a_stale_save_is_a_conflict<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        let Row { value, version } = with(&database, &user, &item).await?;
        database.save(&user, version, &value).await.map_err(|_| Refusal::Changed)?;
        shown()
    }
    adding(post(add), store)
}

pub(super) fn saves_the_same_again<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        let Row { value, mut version } = with(&database, &user, &item).await?;
        while database.save(&user, version, &value).await == Err(DatabaseError::Stale) {
            version = database.load::<Cart>(&user).await?.version;
        }
        shown()
    }
    adding(post(add), store)
}

pub(super) fn tries_twice<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        for _ in 0..2 {
            let Row { value, version } = with(&database, &user, &item).await?;
            if database.save(&user, version, &value).await.is_ok() {
                return shown();
            }
        }
        Err(Refusal::Busy)
    }
    adding(post(add), store)
}

pub(super) fn a_lock_in_each_instance<S: SessionStore + Clone>(store: S) -> Router {
    type Lock = Extension<Arc<Mutex<()>>>;
    async fn add(User(user): User, Extension(database): Shared, Extension(lock): Lock, Path(item): Item) -> Added {
        let _one_at_a_time = lock.lock().await;
        save_over(&database, &user, &item).await
    }
    adding(post(add), store).layer(Extension(Arc::new(Mutex::new(()))))
}

pub(super) fn a_lock_in_the_program<S: SessionStore + Clone>(store: S) -> Router {
    static LOCK: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        let _one_at_a_time = LOCK.lock().await;
        let Row { value, version } = with(&database, &user, &item).await?;
        database.save(&user, version, &value).await?;
        shown()
    }
    adding(post(add), store)
}

pub(super) fn checks_the_bounds_too_early<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        with(&database, &user, &item).await?; // does it fit?
        change(&database, &user, |cart| one_more(cart, &item)).await?;
        shown()
    }
    adding(post(add), store)
}

fn one_more(cart: &mut Cart, item: &str) -> Result<(), Refusal> {
    *cart.items.entry(item.to_owned()).or_default() += 1;
    cart.edition += 1;
    Ok(())
}

pub(super) fn no_bounds<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        change(&database, &user, |cart| one_more(cart, &item)).await?;
        shown()
    }
    adding(post(add), store)
}

pub(super) fn drops_without_a_word<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(user: User, database: Shared, item: Item) -> Added {
        match solution_8::add(user, database, item).await {
            Err(Refusal::DoesNotFit) => shown(),
            added => added,
        }
    }
    adding(post(add), store)
}

pub(super) fn counts_bytes<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(user: User, database: Shared, Path(item): Item) -> Added {
        if item.len() > Cart::LONGEST_NAME {
            return Err(Refusal::DoesNotFit);
        }
        solution_8::add(user, database, Path(item)).await
    }
    adding(post(add), store)
}

pub(super) fn in_small_letters<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(user: User, database: Shared, Path(item): Item) -> Added {
        solution_8::add(user, database, Path(item.to_lowercase())).await
    }
    adding(post(add), store)
}

pub(super) fn pastes_the_items<S: SessionStore + Clone>(store: S) -> Router {
    async fn cart(User(user): User, database: Shared) -> Result<Html<String>, Refusal> {
        let Cart { items, .. } = database.load(&user).await?.value;
        let lines: String = items.iter().map(|(item, count)| format!("<li>{item} × {count}</li>")).collect();
        let Html(page) = solution_8::cart(User(user), database).await?;
        let (before, after) = page.split_once("<ul>").ok_or(Refusal::Failed)?;
        let (_, after) = after.split_once("</ul>").ok_or(Refusal::Failed)?;
        Ok(Html(format!("{before}<ul>{lines}</ul>{after}")))
    }
    Parts { cart: get(cart), ..Parts::default() }.on(store)
}

pub(super) fn by_get<S: SessionStore + Clone>(store: S) -> Router {
    adding(get(solution_8::add).post(solution_8::add), store)
}

/// Loses what came between its last two loads.
pub(super) fn forces_its_copy_at_last<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        for _ in 0..3 {
            let Row { value, version } = with(&database, &user, &item).await?;
            if database.save(&user, version, &value).await.is_ok() {
                return shown();
            }
        }
        save_over(&database, &user, &item).await
    }
    adding(post(add), store)
}

pub(super) fn counts_utf16<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(user: User, database: Shared, Path(item): Item) -> Added {
        if item.encode_utf16().count() > Cart::LONGEST_NAME {
            return Err(Refusal::DoesNotFit);
        }
        solution_8::add(user, database, Path(item)).await
    }
    adding(post(add), store)
}

pub(super) fn lists_sixteen_at_most<S: SessionStore + Clone>(store: S) -> Router {
    async fn cart(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
        let Cart { items, edition, pending } = database.load(&user).await?.value;
        let token = pending.as_ref().filter(|_| items.is_empty()).map_or(edition, |pending| pending.token);
        let items: Vec<_> = items.iter().take(16).collect();
        Ok(page("cart.html", context! { items => Serde(items), token, pending => pending.is_some() })?)
    }
    Parts { cart: get(cart), ..Parts::default() }.on(store)
}

/// "bob" and "bob " share a cart.
pub(super) fn cuts_off_spaces<S: SessionStore + Clone>(store: S) -> Router {
    fn cut(User(user): User) -> User {
        User(user.trim().to_owned())
    }
    async fn cart(user: User, database: Shared) -> Result<Html<String>, Refusal> {
        solution_8::cart(cut(user), database).await
    }
    async fn add(user: User, database: Shared, item: Item) -> Added {
        solution_8::add(cut(user), database, item).await
    }
    Parts { cart: get(cart), add: post(add), ..Parts::default() }.on(store)
}

pub(super) fn trims_the_items<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(user: User, database: Shared, Path(item): Item) -> Added {
        solution_8::add(user, database, Path(item.trim().to_owned())).await
    }
    adding(post(add), store)
}

/// As a column of the type `VARCHAR(50)` does.
pub(super) fn cuts_long_names<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(user: User, database: Shared, Path(item): Item) -> Added {
        if item.chars().count() > Cart::LONGEST_NAME {
            return Err(Refusal::DoesNotFit);
        }
        solution_8::add(user, database, Path(item.chars().take(50).collect())).await
    }
    adding(post(add), store)
}

/// What was shown before it is no longer what the cart is.
pub(super) fn a_refused_item_is_a_change<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(user: User, database: Shared, item: Item) -> Added {
        let (name, again) = (user.0.clone(), Extension(database.0.clone()));
        let added = solution_8::add(user, again, item).await;
        if added.is_err() {
            change(&database, &name, raised).await?;
        }
        added
    }
    adding(post(add), store)
}

fn raised(cart: &mut Cart) -> Result<(), Refusal> {
    cart.edition += 1;
    Ok(())
}

/// It compares names without their case, but only where it counts.
pub(super) fn counts_in_any_case<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        let add = |cart: &mut Cart| {
            let alike = cart.items.iter().filter(|(there, _)| there.to_lowercase() == item.to_lowercase());
            let alike: u32 = alike.map(|(_, count)| count).sum();
            if alike == Cart::MOST_OF_ONE { Err(Refusal::DoesNotFit) } else { cart.add(&item) }
        };
        change(&database, &user, add).await?;
        shown()
    }
    adding(post(add), store)
}

/// It counts all that a user has ever added.
pub(super) fn bounds_for_a_lifetime<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, database: Shared, Path(item): Item) -> Added {
        change(&database, &format!("all of {user}"), |all| all.add(&item)).await?;
        solution_8::add(User(user), database, Path(item)).await
    }
    adding(post(add), store)
}

/// Users with long names share a cart.
pub(super) fn cuts_the_key<S: SessionStore + Clone>(store: S) -> Router {
    fn cut(User(user): User) -> User {
        User(user.chars().take(64).collect())
    }
    async fn cart(user: User, database: Shared) -> Result<Html<String>, Refusal> {
        solution_8::cart(cut(user), database).await
    }
    async fn add(user: User, database: Shared, item: Item) -> Added {
        solution_8::add(cut(user), database, item).await
    }
    Parts { cart: get(cart), add: post(add), ..Parts::default() }.on(store)
}

/// What comes after the last attempt is an answer like any other.
pub(super) fn gives_up_without_a_word<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(User(user): User, Extension(database): Shared, Path(item): Item) -> Added {
        for _ in 0..ATTEMPTS {
            let Row { value, version } = with(&database, &user, &item).await?;
            if database.save(&user, version, &value).await.is_ok() {
                break;
            }
        }
        shown()
    }
    adding(post(add), store)
}

/// As of a text that was read from a file.
pub(super) fn cuts_off_a_line_break<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(user: User, database: Shared, Path(item): Item) -> Added {
        solution_8::add(user, database, Path(item.trim_end_matches('\n').to_owned())).await
    }
    adding(post(add), store)
}

/// What nobody sees cannot matter.
pub(super) fn leaves_out_what_is_not_seen<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(user: User, database: Shared, Path(item): Item) -> Added {
        solution_8::add(user, database, Path(item.replace(['\u{200b}', '\u{200d}', '\u{feff}'], ""))).await
    }
    adding(post(add), store)
}
