//! Splits addresses into parts, so that an address can be shown without its password.

use url::{Position, Url};

/// Returns the servers that an address such as `redis://HOST:PORT,HOST:PORT` names, or `None` if it has another form.
///
/// Several servers form a cluster only if all have ports, and all have the same user and password or none. Any other
/// comma is part of the password.
pub(super) fn servers(address: &str) -> Option<Vec<Url>> {
    let (kind, place) = address.split_once(':')?;
    let place = place.trim_start_matches("//");
    let one = || Some(vec![server_at(kind, place)?]);
    if are_one_cluster(place) {
        let each: Option<Vec<_>> = place.split(',').map(|server| server_at(kind, server)).collect();
        return each.filter(|servers| servers.iter().all(|server| server.port().is_some())).or_else(one);
    }
    one()
}

/// Whether all servers have the same user and password, or none has any.
fn are_one_cluster(place: &str) -> bool {
    let credentials = |server: &str| server.rsplit_once('@').map(|(credentials, _)| credentials.to_owned());
    let mut all = place.split(',').map(credentials);
    let first = all.next();
    all.all(|credentials| Some(&credentials) == first.as_ref())
}

fn server_at(kind: &str, place: &str) -> Option<Url> {
    let url = Url::parse(&format!("{kind}://{place}")).ok().filter(Url::has_host)?;
    // With an `@` after the server's name, the password has a character that ends it and must be percent-encoded.
    (!url[Position::AfterPort..].contains('@')).then_some(url)
}

/// Returns the address without its secrets: without user, password and parameters, which may also hold a password. If
/// the address cannot be parsed, only its kind is left.
pub fn without_password(address: &str) -> String {
    let Some((kind, _)) = address.split_once(':') else { return address.to_owned() };
    if ["memory", "file", "sqlite"].contains(&kind) {
        return address.to_owned(); // no server, and no password
    }
    match servers(address) {
        Some(servers) => format!("{kind}://{}", servers.iter().map(shown).collect::<Vec<_>>().join(",")),
        None => format!("{kind}://…"),
    }
}

fn shown(server: &Url) -> String {
    let user = if server[Position::BeforeUsername..Position::BeforeHost].is_empty() { "" } else { "…@" };
    let parameters = if server.query().or(server.fragment()).is_none() { "" } else { "?…" };
    format!("{user}{}{parameters}", &server[Position::BeforeHost..Position::AfterPath])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_far_as_it_is_no_secret() {
        for (address, shown) in [
            ("memory:", "memory:"),
            ("sqlite:sessions.sqlite", "sqlite:sessions.sqlite"),
            ("file:a@b:c,d", "file:a@b:c,d"),
            ("postgres://app@db:5432/shop", "postgres://…@db:5432/shop"),
            ("postgres://app:pw@db/shop", "postgres://…@db/shop"),
            ("postgres://db/shop?user=app&password=pw", "postgres://db/shop?…"),
            ("redis://localhost:6379", "redis://localhost:6379"),
            ("redis:localhost:6379/2", "redis://localhost:6379/2"),
            ("redis://[::1]:6379", "redis://[::1]:6379"),
            ("redis://a:1,b:2,c:3", "redis://a:1,b:2,c:3"),
            ("redis://:pw@a:1,:pw@b:2", "redis://…@a:1,…@b:2"),
            ("redis://app:pw%2C%40@a:1,app:pw%2C%40@b:2", "redis://…@a:1,…@b:2"),
            ("memcached://a:1,b:2", "memcached://a:1,b:2"),
            ("mongo://app:pw@db", "mongo://…@db"),
            ("postgres://app:p/w@db/shop", "postgres://…"),
        ] {
            assert_eq!(without_password(address), shown);
        }
    }

    #[test]
    fn no_part_of_a_password_is_ever_shown() {
        let marks = [
            ",", ":", "@", "/", "?", "#", "%", "%40", "%2C", "&", "=", "+", " ", "[", "]", "\\", "ü", ",:", "@,", ":@",
            "/@", "#,",
        ];
        let templates = [
            "postgres://app:PASSWORD@db/shop",
            "postgres://app:PASSWORD@db:5/shop?sslmode=prefer",
            "postgres://db/shop?user=app&password=PASSWORD",
            "postgres://db/shop?password=PASSWORD&user=app",
            "postgresql://PASSWORD@db",
            "redis://:PASSWORD@a:6",
            "redis://app:PASSWORD@a:6,app:PASSWORD@b:7",
            "redis://:PASSWORD@a:6,:PASSWORD@b:7,:PASSWORD@c:8",
            "redis:app:PASSWORD@a",
            "memcached://app:PASSWORD@a:6",
            "REDIS://app:PASSWORD@a:6",
        ];
        for template in templates {
            for mark in marks {
                for [begin, end] in [["sec", "ret"], ["12", "34"], ["", "sec"], ["34", ""]] {
                    let address = template.replace("PASSWORD", &format!("{begin}{mark}{end}"));
                    let shown = without_password(&address);
                    let reveals = [begin, end].iter().any(|part| !part.is_empty() && shown.contains(part));
                    assert!(!reveals, "{address} is shown as {shown}");
                }
            }
        }
    }

    #[test]
    fn servers_are_distinguished_from_passwords() {
        let hosts = |address| {
            let servers: Vec<_> = servers(address).unwrap();
            servers.iter().map(|server| server.host_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(hosts("redis://a:1,b:2"), ["a", "b"]);
        assert_eq!(hosts("redis://:pw@a:1,:pw@b:2"), ["a", "b"]);
        assert_eq!(hosts("redis://app:1,2@a:1"), ["a"], "a comma in a password");
        assert_eq!(servers("redis://app:p@w,x@a:1").unwrap()[0].password(), Some("p%40w,x"));
        assert_eq!(servers("postgres://app:p#w@db"), None);
    }
}
