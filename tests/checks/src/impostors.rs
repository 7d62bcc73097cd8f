//! People who must not be let in: what they type is no name with its own password.

use crate::{Answer, Miss, User, Users};

/// Such a person, and what it means if they are let in all the same.
pub(crate) struct Impostor {
    pub(crate) typed: User,
    so: &'static str,
}

/// Known and unknown names, with no password, another's, and any.
pub(crate) fn all(users: &Users) -> Vec<Impostor> {
    let (alice, bob, nobody) = (users.alice(), users.bob(), users.named("nobody"));
    let another = "alice's name with bob's password is answered as a right login";
    let empty = "alice's name without a password is answered as a right login";
    let unknown = "there is no account of this name, and the login is answered as a right one";
    // Whoever cuts such a name at some byte, cuts one of the two within a letter.
    let [long, longer] = ["", "x"].map(|before| format!("{before}{}", "🍐".repeat(60)));
    let changed = "this is alice's password with a blank or in other letters, and the login is answered as a right one";
    let (blank, loud) = (format!(" {} ", alice.password), alice.password.to_uppercase());
    let typed = [
        (&alice.name, bob.password.as_str(), another),
        (&alice.name, "", empty),
        (&nobody, "anything", unknown),
        (&nobody, bob.password.as_str(), unknown),
        (&nobody, "", unknown),
        (&long, "anything", unknown),
        (&longer, "anything", unknown),
        (&alice.name, &blank, changed),
        (&alice.name, &loud, changed),
    ];
    let impostor = |(name, password, so): (&String, &str, _)| Impostor {
        typed: User { name: name.clone(), password: password.to_owned() },
        so,
    };
    typed.into_iter().map(impostor).collect()
}

impl Impostor {
    /// Their login was answered with 401; a form with an empty field may be improper, and get another 4xx.
    pub(crate) fn is_refused(&self, login: &Answer) -> Result<(), Miss> {
        login.refuses(&self.typed).map_err(|miss| if login.status.is_redirection() { miss.so(self.so) } else { miss })
    }
}
