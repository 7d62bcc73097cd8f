//! A page as a visitor reads it: only the parts that a task may mention, never how the page is built.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

/// The text a visitor reads: no markup, no scripts, references resolved, white space folded.
pub fn text(html: &str) -> String {
    let mut text = String::new();
    let mut hidden = 0_usize;
    // An element with the attribute `hidden`: its name, and how many of that name are open.
    let mut concealed: Option<(Vec<u8>, usize)> = None;
    for token in tokens(html) {
        if let Some((name, open)) = &mut concealed {
            let is_over = matches!(&token, Token::StartTag(tag) if ends_without_a_tag(name, &tag.name));
            match &token {
                Token::StartTag(tag) if tag.name.as_slice() == name.as_slice() => *open += 1,
                Token::EndTag(tag) if tag.name.as_slice() == name.as_slice() => *open -= 1,
                _ => {}
            }
            concealed = concealed.filter(|(_, open)| *open > 0 && !is_over);
            if !is_over {
                continue;
            }
        }
        match token {
            Token::StartTag(tag) if attribute(&tag, "hidden").is_some() && !is_void(&tag.name) => {
                concealed = Some((tag.name.to_vec(), 1));
            }
            Token::StartTag(tag) if hides(&tag.name) => hidden += 1,
            Token::EndTag(tag) if hides(&tag.name) => hidden = hidden.saturating_sub(1),
            Token::String(piece) if hidden == 0 => text.push_str(&String::from_utf8_lossy(&piece)),
            Token::StartTag(tag) if breaks(&tag.name) => text.push(' '),
            Token::EndTag(tag) if breaks(&tag.name) => text.push(' '),
            _ => {}
        }
    }
    folded(&text)
}

/// The same text with one space for all white space between two words, as a browser shows it.
pub(crate) fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text as it is written in HTML.
#[cfg(test)]
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Whether there is an element of this name.
pub(crate) fn has_element(html: &str, name: &str) -> bool {
    tokens(html).any(|token| matches!(token, Token::StartTag(tag) if tag.name.as_slice() == name.as_bytes()))
}

/// Whether there is a tag with this attribute.
pub(crate) fn has_attribute(html: &str, name: &str) -> bool {
    tokens(html).any(|token| matches!(token, Token::StartTag(tag) if attribute(&tag, name).is_some()))
}

/// Everything in a page, in its text and its attributes, with references resolved.
pub(crate) fn decoded(html: &str) -> String {
    let mut decoded = String::new();
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) => {
                for value in tag.attributes.values() {
                    decoded.push_str(&String::from_utf8_lossy(value));
                    decoded.push('\n');
                }
            }
            Token::String(text) => decoded.push_str(&String::from_utf8_lossy(&text)),
            _ => {}
        }
    }
    decoded
}

/// The page in a normal form: names in lower case, references resolved, attributes in order.
pub(crate) fn normal(html: &str) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut normal = String::new();
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) => {
                let mut attributes: Vec<_> =
                    tag.attributes.iter().map(|(name, value)| format!(" {}={:?}", text(name), text(value))).collect();
                attributes.sort();
                normal.push_str(&format!("<{}{}>", text(&tag.name), attributes.concat()));
            }
            Token::EndTag(tag) => normal.push_str(&format!("</{}>", text(&tag.name))),
            Token::String(piece) => normal.push_str(&text(&piece)),
            Token::Comment(comment) => normal.push_str(&format!("<!--{}-->", text(&comment))),
            _ => {}
        }
    }
    normal
}

/// The addresses of the page's links, as they are written.
pub(crate) fn links(html: &str) -> Vec<String> {
    let link = |token| match token {
        Token::StartTag(tag) if tag.name.as_slice() == b"a" => attribute(&tag, "href"),
        _ => None,
    };
    tokens(html).filter_map(link).collect()
}

/// Whether the page has a field of this name anywhere, even one that no browser sends.
pub(crate) fn has_field(html: &str, name: &str) -> bool {
    let is_field = |tag: &StartTag<()>| matches!(tag.name.as_slice(), b"input" | b"select" | b"textarea");
    tokens(html).any(|token| match token {
        Token::StartTag(tag) => is_field(&tag) && attribute(&tag, "name").as_deref() == Some(name),
        _ => false,
    })
}

/// The programs of a page, as the browser reads them: its scripts, and its attributes that handle events.
pub(crate) fn programs(html: &str) -> Vec<String> {
    let mut programs = Vec::new();
    let mut is_script = false;
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) => {
                is_script = tag.name.as_slice() == b"script";
                let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
                let handlers = tag.attributes.iter().filter(|(name, _)| name.starts_with(b"on"));
                programs.extend(handlers.map(|(_, value)| text(value)));
            }
            Token::String(piece) if is_script => programs.push(String::from_utf8_lossy(&piece).into_owned()),
            Token::EndTag(_) => is_script = false,
            _ => {}
        }
    }
    programs
}

/// Anyone who fills in a form needs more seconds than this.
const AT_ONCE: u64 = 5;

/// What `<meta http-equiv=refresh>` says, if it leaves the page at once.
pub(crate) fn refresh(html: &str) -> Option<String> {
    http_equiv(html, "refresh").find(|content| {
        let seconds: String = content.trim_start().chars().take_while(char::is_ascii_digit).collect();
        seconds.parse::<u64>().unwrap_or_default() < AT_ONCE
    })
}

/// What the page says instead of this header, in `<meta http-equiv>`.
pub(crate) fn http_equiv(html: &str, header: &str) -> impl Iterator<Item = String> {
    tokens(html).filter_map(move |token| match token {
        Token::StartTag(tag) if tag.name.as_slice() == b"meta" => {
            let is_it = attribute(&tag, "http-equiv")?.eq_ignore_ascii_case(header);
            attribute(&tag, "content").filter(|_| is_it)
        }
        _ => None,
    })
}

/// The value of this attribute of the first tag of this name.
pub(crate) fn attribute_of(html: &str, name: &str, wanted: &str) -> Option<String> {
    tokens(html).find_map(|token| match token {
        Token::StartTag(tag) if tag.name.as_slice() == name.as_bytes() => Some(attribute(&tag, wanted)),
        _ => None,
    })?
}

pub(crate) fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// Elements whose content is not text of the page, or is only a choice that the page offers.
fn hides(name: &[u8]) -> bool {
    matches!(name, b"script" | b"style" | b"template" | b"title" | b"select" | b"datalist")
}

/// Whether an open element of the first name ends where one of the second begins (HTML, "optional tags").
fn ends_without_a_tag(open: &[u8], begins: &[u8]) -> bool {
    match open {
        b"p" => breaks(begins) && !is_void(begins) || begins == b"hr",
        b"li" => begins == b"li",
        b"dt" | b"dd" => matches!(begins, b"dt" | b"dd"),
        _ => false,
    }
}

/// Elements without an end tag.
pub(crate) fn is_void(name: &[u8]) -> bool {
    matches!(name, b"br" | b"hr" | b"img" | b"input" | b"link" | b"meta" | b"base" | b"wbr" | b"source" | b"col")
}

fn breaks(name: &[u8]) -> bool {
    !matches!(name, b"b" | b"i" | b"em" | b"strong" | b"span" | b"a" | b"code" | b"mark" | b"small" | b"u" | b"s")
}

pub(crate) fn tokens(html: &str) -> impl Iterator<Item = Token> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true); // so that a script's text is not taken for tags
    Tokenizer::new_with_emitter(html, emitter).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_a_visitor_reads() {
        let html = "<head><title>no</title></head><body><h1>Tea</h1>for <b>al</b>ice &amp; &lt;bob&gt;<script>if (1 < 2) {}</script><br>now";
        assert_eq!(text(html), "Tea for alice & <bob> now");
    }

    #[test]
    fn what_is_hidden_is_not_read() {
        let html =
            "<p hidden>no <b>no</b><br>no<p>one</p><div hidden><div>no</div>no</div><input hidden>two<br hidden> three";
        assert_eq!(text(html), "one two three");
    }

    #[test]
    fn an_attribute_of_the_root_is_found() {
        assert_eq!(attribute_of("<!doctype html><HTML data-theme=dark>", "html", "data-theme").unwrap(), "dark");
        assert_eq!(attribute_of("<p>", "html", "data-theme"), None);
    }
}
