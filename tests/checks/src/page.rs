//! A page as a visitor sees it: its text, its forms. Only what a task may name, never how it is built.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

/// A form on a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// `get` or `post`, in lower case.
    pub method: String,
    /// Where it goes; empty for the page's own address.
    pub action: String,
    /// Its named fields.
    pub fields: Vec<Field>,
}

/// A field of a form; each option of a select and each radio button is one of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// Its `name`.
    pub name: String,
    /// Its `type`, in lower case; `text` if it has none.
    pub kind: String,
    /// Its `value`.
    pub value: String,
    /// Whether it is sent if the visitor touches nothing.
    pub chosen: bool,
}

impl Form {
    /// Whether there is a field of this name.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// What can be chosen under this name, in order.
    pub fn choices(&self, name: &str) -> Vec<&str> {
        let choices = self.fields.iter().filter(|field| field.name == name && is_choice(&field.kind));
        choices.map(|field| field.value.as_str()).collect()
    }

    /// Whether it posts to this path.
    pub fn goes_to(&self, path: &str) -> bool {
        let action = self.action.strip_prefix("http://localhost").unwrap_or(&self.action);
        self.method == "post" && (action == path || action.strip_prefix("./").unwrap_or(action) == &path[1..])
    }

    /// What it sends if the visitor touches nothing.
    pub fn filled(&self) -> impl Iterator<Item = (&str, &str)> {
        let sent = self.fields.iter().filter(|field| field.chosen && field.kind != "submit");
        sent.map(|field| (field.name.as_str(), field.value.as_str()))
    }

    /// What is sent under this name if the visitor touches nothing.
    pub fn chosen(&self, name: &str) -> Option<&str> {
        let chosen = self.fields.iter().filter(|field| field.name == name && field.chosen);
        chosen.map(|field| field.value.as_str()).next_back()
    }
}

/// The text a visitor reads: no markup, no scripts, references resolved, white space folded.
pub(crate) fn text(html: &str) -> String {
    let mut text = String::new();
    let mut hidden = 0_usize;
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) if hides(&tag.name) => hidden += 1,
            Token::EndTag(tag) if hides(&tag.name) => hidden = hidden.saturating_sub(1),
            Token::String(piece) if hidden == 0 => text.push_str(&String::from_utf8_lossy(&piece)),
            Token::StartTag(tag) if breaks(&tag.name) => text.push(' '),
            Token::EndTag(tag) if breaks(&tag.name) => text.push(' '),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The page's forms, in order.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut reader = Reader::default();
    tokens(html).for_each(|token| reader.read(token));
    reader.forms
}

/// The value of this attribute of the first tag of this name.
pub(crate) fn attribute_of(html: &str, name: &str, wanted: &str) -> Option<String> {
    tokens(html).find_map(|token| match token {
        Token::StartTag(tag) if tag.name.as_slice() == name.as_bytes() => Some(attribute(&tag, wanted)),
        _ => None,
    })?
}

/// Reads forms as a browser does: what lies outside them is not theirs.
#[derive(Default)]
struct Reader {
    forms: Vec<Form>,
    in_form: bool,
    /// The name of the select it is in, and where its options begin.
    select: Option<(String, usize)>,
    /// The text of the option it is in, which is its value if it names none.
    option: Option<String>,
}

impl Reader {
    fn read(&mut self, token: Token) {
        match token {
            Token::StartTag(tag) => self.open(&tag),
            Token::EndTag(tag) => self.close(&tag.name),
            Token::String(text) => {
                if let Some(option) = &mut self.option {
                    option.push_str(&String::from_utf8_lossy(&text));
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, tag: &StartTag<()>) {
        match tag.name.as_slice() {
            b"form" => {
                self.end_select();
                let method = attribute(tag, "method").unwrap_or("get".to_owned()).to_lowercase();
                let action = attribute(tag, "action").unwrap_or_default();
                self.forms.push(Form { method, action, fields: Vec::new() });
                self.in_form = true;
            }
            b"select" => self.select = attribute(tag, "name").map(|name| (name, self.fields().len())),
            b"option" => {
                self.end_option();
                let Some((name, _)) = self.select.clone() else { return };
                let value = attribute(tag, "value");
                self.option = value.is_none().then(String::new);
                let chosen = attribute(tag, "selected").is_some();
                self.add(Field { name, kind: "select".to_owned(), value: value.unwrap_or_default(), chosen });
            }
            b"input" => {
                let Some(name) = attribute(tag, "name") else { return };
                let kind = attribute(tag, "type").unwrap_or("text".to_owned()).to_lowercase();
                let must_be_checked = matches!(kind.as_str(), "radio" | "checkbox");
                let chosen = !must_be_checked || attribute(tag, "checked").is_some();
                let value = attribute(tag, "value").unwrap_or(if must_be_checked { "on" } else { "" }.to_owned());
                self.add(Field { name, kind, value, chosen });
            }
            b"textarea" => {
                let Some(name) = attribute(tag, "name") else { return };
                self.add(Field { name, kind: "textarea".to_owned(), value: String::new(), chosen: true });
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8]) {
        match name {
            b"form" => {
                self.end_select();
                self.in_form = false;
            }
            b"select" => self.end_select(),
            b"option" => self.end_option(),
            _ => {}
        }
    }

    fn end_option(&mut self) {
        let text = self.option.take().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        if let (Some(text), Some(field)) = (text, self.forms.last_mut().and_then(|form| form.fields.last_mut())) {
            field.value = text;
        }
    }

    /// A select in which nothing is selected shows its first option, and sends it.
    fn end_select(&mut self) {
        self.end_option();
        let Some((_, first)) = self.select.take() else { return };
        let options = self.forms.last_mut().and_then(|form| form.fields.get_mut(first..)).unwrap_or_default();
        if !options.iter().any(|option| option.chosen)
            && let Some(option) = options.first_mut()
        {
            option.chosen = true;
        }
    }

    fn fields(&self) -> &[Field] {
        self.forms.last().map_or(&[], |form| &form.fields)
    }

    fn add(&mut self, field: Field) {
        if self.in_form
            && let Some(form) = self.forms.last_mut()
        {
            form.fields.push(field);
        }
    }
}

fn is_choice(kind: &str) -> bool {
    matches!(kind, "select" | "radio")
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
}

fn hides(name: &[u8]) -> bool {
    matches!(name, b"script" | b"style" | b"template" | b"title")
}

fn breaks(name: &[u8]) -> bool {
    !matches!(name, b"b" | b"i" | b"em" | b"strong" | b"span" | b"a" | b"code" | b"mark" | b"small" | b"u" | b"s")
}

fn tokens(html: &str) -> impl Iterator<Item = Token> {
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
    fn forms_are_found_however_they_are_written() {
        let html = "<input name=outside><FORM Method='POST' action=/login><INPUT TYPE=password NAME=password><select name=x></select><input type=submit></form><input name=late>";
        let password =
            Field { name: "password".to_owned(), kind: "password".to_owned(), value: String::new(), chosen: true };
        let form = Form { method: "post".to_owned(), action: "/login".to_owned(), fields: vec![password] };
        assert_eq!(forms(html), [form]);
    }

    #[test]
    fn choices_are_read_as_a_browser_reads_them() {
        let html = "<form><select name=size><option>big one<option value=small selected>Small</select>\
            <select name=first><option value=a></option><option value=b></select>\
            <input type=radio name=sugar value=yes><input type=radio name=sugar value=no checked>\
            <input type=checkbox name=milk></form>";
        let [form] = &forms(html)[..] else { panic!("one form") };
        let told = |name| (form.choices(name), form.chosen(name));
        assert_eq!(told("size"), (vec!["big one", "small"], Some("small")));
        assert_eq!(told("first"), (vec!["a", "b"], Some("a")));
        assert_eq!(told("sugar"), (vec!["yes", "no"], Some("no")));
        assert_eq!((form.has("milk"), told("milk")), (true, (vec![], None)));
    }

    #[test]
    fn an_attribute_of_the_root_is_found() {
        assert_eq!(attribute_of("<!doctype html><HTML data-theme=dark>", "html", "data-theme").unwrap(), "dark");
        assert_eq!(attribute_of("<p>", "html", "data-theme"), None);
    }
}
