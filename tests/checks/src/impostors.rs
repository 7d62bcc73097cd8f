//! People who must not be let in: they type a name and a password that do not belong together.

use crate::{Answer, Miss, User, Users, users::misspelt};

/// Such a person, and the conclusion if their login is not refused.
pub(crate) struct Impostor {
    pub(crate) typed: User,
    so: &'static str,
}

/// Known and unknown names, without a password, with another user's, or with any. Others are almost right.
pub(crate) fn all(users: &Users) -> Vec<Impostor> {
    let (alice, bob, nobody) = (users.alice(), users.bob(), users.named("nobody"));
    let another = "alice's name with bob's password gets a redirect instead of a refusal";
    let empty = "alice's name without a password gets a redirect instead of a refusal";
    let unknown = "there is no account with this name, but the login gets a redirect instead of a refusal";
    let no_name = "no name was typed, but the login gets a redirect instead of a refusal";
    // Code that cuts names at a fixed byte cuts one of these two inside a character.
    let [long, longer] = ["", "x"].map(|before| format!("{before}{}", "🍐".repeat(60)));
    let typed = [
        (alice.name.as_str(), bob.password.as_str(), another),
        (&alice.name, "", empty),
        (&nobody, "anything", unknown),
        (&nobody, bob.password.as_str(), unknown),
        (&nobody, "", unknown),
        (&long, "anything", unknown),
        (&longer, "anything", unknown),
        ("", bob.password.as_str(), no_name),
        ("", "", no_name),
    ];
    let impostor = |(name, password, so): (&str, &str, _)| Impostor {
        typed: User { name: name.to_owned(), password: password.to_owned() },
        so,
    };
    typed.into_iter().map(impostor).chain(almost(alice)).collect()
}

/// People who type this user's name or password almost right.
fn almost(user: &User) -> impl Iterator<Item = Impostor> {
    let password = "the password is only almost right, but the login gets a redirect instead of a refusal: compare passwords exactly";
    let name =
        "the name is only almost right, but the login gets a redirect instead of a refusal: compare names exactly";
    let passwords = like("wonderland", &user.password).map(|typed| User { password: typed, ..user.clone() });
    let names = like("alice", &user.name).map(|typed| User { name: typed, ..user.clone() });
    let of = |so| move |typed| Impostor { typed, so };
    passwords.map(of(password)).chain(names.map(of(name)))
}

/// Texts that are almost this one, which begins with a word: the word misspelt, and something more at either end.
pub(crate) fn like(word: &str, text: &str) -> impl Iterator<Item = String> {
    let rest = text.strip_prefix(word).unwrap_or_default();
    let misspelt = misspelt(word).map(|word| format!("{word}{rest}"));
    let blanks = [format!("{text} "), format!(" {text}"), format!(" {text} "), format!("{text}\n")];
    let more = [format!("{text}x"), format!("x{text}"), text.repeat(2), text.to_uppercase()].into_iter().chain(blanks);
    // Code that passes texts on to C ends them here.
    let cut = [format!("{text}\0"), format!("{text}\0x")];
    misspelt.into_iter().chain(more).chain(cut)
}

impl Impostor {
    /// Checks that their login gets 401; a form with an empty field may be improper, and get another 4xx.
    pub(crate) fn is_refused(&self, login: &Answer) -> Result<(), Miss> {
        login.refuses(&self.typed).map_err(|miss| if login.status.is_redirection() { miss.so(self.so) } else { miss })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_impostor_types_a_name_with_its_own_password() {
        let users = Users::with_suffix("-1a2");
        let all = all(&users);
        let typed: Vec<_> = all.iter().map(|impostor| &impostor.typed).collect();
        assert!(typed.iter().all(|typed| !users.verify(&typed.name, &typed.password)));
        for (name, password) in
            [("alice-1a2", "Wonderland-1a2"), ("Alice-1a2", "wonderland-1a2"), ("alice-1a2", "wonderland-1a2x")]
        {
            assert!(typed.iter().any(|typed| typed.name == name && typed.password == password), "{name} {password}");
        }
    }
}
