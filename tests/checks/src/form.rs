//! The forms of a page, as a browser reads and sends them (HTML, "form submission").

use html5gum::{StartTag, Token};
use regex_lite::Regex;

use crate::{
    Miss,
    browser::resolved,
    page::{attribute, folded, tokens},
};

/// A form on a page, and the button that sends it. A form with several buttons is one for each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// `get` or `post`, in lower case.
    pub method: String,
    /// Where it goes; empty for the page's own address.
    pub action: String,
    /// How it is encoded, in lower case: `application/x-www-form-urlencoded` unless the page says otherwise.
    pub enctype: String,
    /// The first encoding that its `accept-charset` names, if it has one.
    pub(crate) charset: Option<String>,
    /// Its named fields.
    pub fields: Vec<Field>,
    /// What its button sends, if the button has a name.
    pub button: Option<(String, String)>,
    /// Whether a visitor can send it: it has a button, or exactly one text field, in which Enter sends it.
    pub can_be_sent: bool,
    /// The attribute by which a script keeps it from being sent, if one does.
    pub(crate) stopped_by: Option<String>,
}

/// A field of a form; each option of a select and each radio button is one of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// Its `name`.
    pub name: String,
    /// Its `type`, in lower case; `text` if it has none.
    pub kind: String,
    /// Its `value`; the content of a textarea.
    pub value: String,
    /// Whether it is sent if the visitor touches nothing.
    pub chosen: bool,
    /// What a browser lets a visitor enter.
    pub(crate) limits: Limits,
}

/// What a browser checks before it sends a field (HTML, "constraint validation").
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    is_read_only: bool,
    /// In UTF-16 code units.
    at_least: Option<usize>,
    at_most: Option<usize>,
    pattern: Option<String>,
}

impl Limits {
    fn of(tag: &StartTag<()>) -> Self {
        let number = |name: &str| attribute(tag, name).and_then(|value| value.trim().parse().ok());
        Self {
            is_read_only: has(tag, "readonly"),
            at_least: number("minlength"),
            at_most: number("maxlength"),
            pattern: attribute(tag, "pattern"),
        }
    }
}

impl Form {
    /// Checks that no script keeps it from being sent.
    pub(crate) fn is_let_go(&self) -> Result<(), Miss> {
        let Some(attribute) = &self.stopped_by else { return Ok(()) };
        Err(Miss::new("a form that its button sends", format!("a form with {attribute}"))
            .so(format!("`{attribute}` tells the browser not to send the form")))
    }

    /// Checks that a visitor can send it.
    pub(crate) fn has_a_button(&self) -> Result<(), Miss> {
        if self.can_be_sent {
            return Ok(());
        }
        Err(Miss::new("a button that sends the form", "a form without a button")
            .so("a browser sends a form when somebody presses its button, or Enter in its only text field; this form has neither"))
    }

    /// Whether there is a field of this name.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// The choices under this name, in order.
    pub fn choices(&self, name: &str) -> Vec<&str> {
        let choices = self.fields.iter().filter(|field| field.name == name && is_choice(&field.kind));
        choices.map(|field| field.value.as_str()).collect()
    }

    /// The path it goes to, from a page at the top: no origin, query or fragment. Empty for the page's own.
    pub fn path(&self) -> &str {
        let action = self.action.strip_prefix("http://localhost").unwrap_or(&self.action);
        let path = action.split(['?', '#']).next().unwrap_or_default();
        path.strip_prefix("./").unwrap_or(path)
    }

    /// The address to which it sends its fields, if it goes to this path: a query in its action is part of it.
    pub(crate) fn address(&self, path: &str) -> String {
        let action = self.action.split('#').next().unwrap_or_default();
        action.split_once('?').map_or(path.to_owned(), |(_, query)| format!("{path}?{query}"))
    }

    /// Whether it posts to this path.
    pub fn goes_to(&self, path: &str) -> bool {
        self.method == "post" && (self.path() == path || self.path() == &path[1..])
    }

    /// What it sends if the visitor touches nothing.
    pub fn filled(&self) -> impl Iterator<Item = (&str, &str)> {
        let sent = self.fields.iter().filter(|field| field.chosen);
        let button = self.button.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        sent.map(|field| (field.name.as_str(), field.value.as_str())).chain(button)
    }

    /// What it sends if the visitor enters these values: each in every field of its name that they can reach.
    pub(crate) fn filled_in<'f>(&'f self, given: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
        let mut sent: Vec<(&str, &str)> = Vec::new();
        for field in &self.fields {
            match given.iter().find(|(name, _)| *name == field.name && self.is_entered(field)) {
                // Only one choice of each name is sent.
                Some(given) if is_ticked(&field.kind) && sent.contains(given) => {}
                Some(given) => sent.push(*given),
                None if field.chosen => sent.push((&field.name, &field.value)),
                None => {}
            }
        }
        sent.extend(self.button.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        sent
    }

    /// Checks that a browser lets a visitor enter this value into a field of this name, and send it.
    pub(crate) fn takes(&self, name: &str, value: &str) -> Result<(), Miss> {
        let mut entered = self.fields.iter().filter(|field| field.name == name && self.is_entered(field)).peekable();
        let Some(first) = entered.peek().filter(|_| !value.is_empty()).copied() else { return Ok(()) };
        if entered.any(|field| field.hinders(value).is_none()) {
            return Ok(());
        }
        let hinders = first.hinders(value).unwrap_or_default();
        let expected = format!("a field `{name}` that takes {value}");
        Err(Miss::new(expected, format!("a field with {hinders}"))
            .explained(format!("`{hinders}` keeps a browser from sending this value")))
    }

    /// The names of its hidden fields that have no value: nobody can fill them in.
    pub(crate) fn left_empty(&self) -> Vec<String> {
        let empty = self.fields.iter().filter(|field| field.kind == "hidden" && field.value.is_empty());
        empty.map(|field| format!("`{}`", field.name)).collect()
    }

    /// Whether a value that is entered under this field's name gets into it: a hidden field beside visible ones of its
    /// name is sent as it is.
    fn is_entered(&self, field: &Field) -> bool {
        let is_seen = |field: &&Field| field.kind != "hidden";
        is_seen(&field) || !self.fields.iter().filter(is_seen).any(|seen| seen.name == field.name)
    }

    /// What is sent under this name if the visitor touches nothing.
    pub fn chosen(&self, name: &str) -> Option<&str> {
        let chosen = self.fields.iter().filter(|field| field.name == name && field.chosen);
        chosen.map(|field| field.value.as_str()).next_back()
    }
}

impl Field {
    /// The attribute that keeps a browser from sending this value, if one does.
    fn hinders(&self, value: &str) -> Option<String> {
        let Limits { is_read_only, at_least, at_most, ref pattern } = self.limits;
        let is_entered = !is_choice(&self.kind) && !is_ticked(&self.kind) && self.kind != "hidden";
        let length = value.encode_utf16().count();
        let has_letters = || value.chars().any(char::is_alphabetic);
        match self.kind.as_str() {
            _ if !is_entered => None,
            _ if is_read_only => Some("readonly".to_owned()),
            "email" if !value.contains('@') => Some("type=email".to_owned()),
            "url" if !value.contains(':') => Some("type=url".to_owned()),
            "number" | "range" if value.trim().parse::<f64>().is_err() => Some(format!("type={}", self.kind)),
            "date" | "time" | "month" | "week" | "datetime-local" | "color" if has_letters() => {
                Some(format!("type={}", self.kind))
            }
            "file" => Some("type=file".to_owned()),
            _ if at_least.is_some_and(|least| length < least) => at_least.map(|least| format!("minlength={least}")),
            _ if at_most.is_some_and(|most| length > most) => at_most.map(|most| format!("maxlength={most}")),
            "text" | "search" | "url" | "tel" | "email" | "password" => {
                let pattern = pattern.as_deref().filter(|pattern| !matches(pattern, value))?;
                Some(format!("pattern=\"{pattern}\""))
            }
            _ => None,
        }
    }
}

/// Whether the whole value matches the pattern. A browser ignores a pattern that it cannot read, and this one also
/// ignores what JavaScript reads and `regex_lite` does not, such as a lookahead.
fn matches(pattern: &str, value: &str) -> bool {
    Regex::new(&format!("^(?:{pattern})$")).map_or(true, |pattern| pattern.is_match(value))
}

/// The page's forms, in order.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut reader = Reader::default();
    tokens(html).for_each(|token| reader.read(token));
    reader.done()
}

/// Reads forms as a browser does: a control outside a form does not belong to it, unless it names the form by its id.
#[derive(Default)]
struct Reader {
    /// The forms themselves, and the id of each; empty if it has none.
    forms: Vec<(Form, String)>,
    in_form: bool,
    /// How many elements <template> are open: a browser neither shows nor sends what is in one.
    templates: usize,
    controls: Vec<(Owner, Control)>,
    /// Where a relative address on the page begins, if the page says so.
    base: Option<String>,
    /// How many fieldsets are open, and which of them is the first that is disabled.
    fieldsets: usize,
    disabled_from: Option<usize>,
    /// Whether the current group of options is disabled.
    group_is_disabled: bool,
    select: Option<Select>,
    /// The text of the current option, which is its value if it has no `value`.
    option: Option<String>,
    /// The text of the current textarea.
    textarea: Option<String>,
}

/// The form of a control.
#[derive(Clone)]
enum Owner {
    /// The form around it: its place among the forms.
    Around(usize),
    /// The form with this id, which may come later.
    Named(String),
    Nobody,
}

enum Control {
    Field(Field),
    /// A button that sends the form, with these attributes if it has them.
    Button {
        sends: Option<(String, String)>,
        method: Option<String>,
        action: Option<String>,
        enctype: Option<String>,
        stopped_by: Option<String>,
    },
}

struct Select {
    owner: Owner,
    name: Option<String>,
    is_disabled: bool,
    is_multiple: bool,
    /// Where its options begin among the controls.
    first: usize,
}

impl Reader {
    fn read(&mut self, token: Token) {
        match token {
            Token::StartTag(tag) if tag.name.as_slice() == b"template" => self.templates += 1,
            Token::EndTag(tag) if tag.name.as_slice() == b"template" => {
                self.templates = self.templates.saturating_sub(1)
            }
            _ if self.templates > 0 => {}
            Token::StartTag(tag) => self.open(&tag),
            Token::EndTag(tag) => self.close(&tag.name),
            Token::String(text) => {
                for open in [&mut self.option, &mut self.textarea].into_iter().flatten() {
                    open.push_str(&String::from_utf8_lossy(&text));
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, tag: &StartTag<()>) {
        match tag.name.as_slice() {
            b"form" if !self.in_form => self.open_form(tag),
            b"fieldset" => {
                self.fieldsets += 1;
                if has(tag, "disabled") {
                    self.disabled_from.get_or_insert(self.fieldsets);
                }
            }
            b"select" => {
                self.end_select();
                let (owner, name) = (self.owner(tag), attribute(tag, "name"));
                let (is_disabled, is_multiple) = (self.is_disabled(tag), has(tag, "multiple"));
                self.select = Some(Select { owner, name, is_disabled, is_multiple, first: self.controls.len() });
            }
            b"optgroup" => self.group_is_disabled = has(tag, "disabled"),
            b"option" => self.open_option(tag),
            b"base" => self.base = self.base.take().or_else(|| attribute(tag, "href").map(|href| resolved("/", &href))),
            b"button" => self.add_button(tag, "submit"),
            b"input" => self.add_input(tag),
            b"textarea" => {
                let before = self.controls.len();
                self.add_field(tag, "textarea", String::new(), true);
                self.textarea = (self.controls.len() > before).then(String::new);
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8]) {
        match name {
            b"form" => self.in_form = false,
            b"fieldset" => {
                self.fieldsets = self.fieldsets.saturating_sub(1);
                self.disabled_from = self.disabled_from.filter(|from| *from <= self.fieldsets);
            }
            b"select" => self.end_select(),
            b"optgroup" => self.group_is_disabled = false,
            b"option" => self.end_option(),
            b"textarea" => self.end_textarea(),
            _ => {}
        }
    }

    fn open_form(&mut self, tag: &StartTag<()>) {
        let lower = |name: &str| attribute(tag, name).map(|value| value.to_lowercase());
        let method = lower("method").unwrap_or("get".to_owned());
        let enctype = encoding(lower("enctype"));
        let action = attribute(tag, "action").unwrap_or_default();
        let charset = attribute(tag, "accept-charset").and_then(|all| all.split_whitespace().next().map(str::to_owned));
        let stopped_by = stopping(tag, "onsubmit");
        let form = Form { method, action, enctype, charset, stopped_by, ..Form::default() };
        self.forms.push((form, attribute(tag, "id").unwrap_or_default()));
        self.in_form = true;
    }

    fn open_option(&mut self, tag: &StartTag<()>) {
        self.end_option();
        let is_disabled = has(tag, "disabled") || self.group_is_disabled;
        let Some(Select { owner, name: Some(name), is_disabled: false, .. }) = &self.select else { return };
        if is_disabled {
            return;
        }
        let value = attribute(tag, "value");
        self.option = value.is_none().then(String::new);
        let field = Field {
            name: name.clone(),
            kind: "select".to_owned(),
            value: value.unwrap_or_default(),
            chosen: has(tag, "selected"),
            limits: Limits::default(),
        };
        self.controls.push((owner.clone(), Control::Field(field)));
    }

    fn add_input(&mut self, tag: &StartTag<()>) {
        let kind = attribute(tag, "type").unwrap_or("text".to_owned()).to_lowercase();
        match kind.as_str() {
            "submit" | "image" => self.add_button(tag, "text"),
            "button" | "reset" => {}
            "radio" | "checkbox" => {
                let value = attribute(tag, "value").unwrap_or("on".to_owned());
                self.add_field(tag, &kind, value, has(tag, "checked"));
            }
            _ => self.add_field(tag, &kind, attribute(tag, "value").unwrap_or_default(), true),
        }
    }

    fn add_field(&mut self, tag: &StartTag<()>, kind: &str, value: String, chosen: bool) {
        if let (Some(name), false) = (attribute(tag, "name"), self.is_disabled(tag)) {
            let field = Field { name, kind: kind.to_owned(), value, chosen, limits: Limits::of(tag) };
            self.controls.push((self.owner(tag), Control::Field(field)));
        }
    }

    fn add_button(&mut self, tag: &StartTag<()>, kind: &str) {
        let kind = attribute(tag, "type").map_or(kind.to_owned(), |kind| kind.to_lowercase());
        if self.is_disabled(tag) || matches!(kind.as_str(), "button" | "reset") {
            return;
        }
        let lower = |name: &str| attribute(tag, name).map(|value| value.to_lowercase());
        let name = attribute(tag, "name").filter(|name| !name.is_empty() && kind != "image");
        let button = Control::Button {
            sends: name.map(|name| (name, attribute(tag, "value").unwrap_or_default())),
            method: lower("formmethod"),
            action: attribute(tag, "formaction"),
            enctype: lower("formenctype"),
            stopped_by: stopping(tag, "onclick"),
        };
        self.controls.push((self.owner(tag), button));
    }

    fn is_disabled(&self, tag: &StartTag<()>) -> bool {
        has(tag, "disabled") || self.disabled_from.is_some()
    }

    /// The form that a control names, or the form around it.
    fn owner(&self, tag: &StartTag<()>) -> Owner {
        match attribute(tag, "form") {
            Some(id) => Owner::Named(id),
            None if self.in_form => Owner::Around(self.forms.len() - 1),
            None => Owner::Nobody,
        }
    }

    fn end_option(&mut self) {
        let text = self.option.take().map(|text| folded(&text));
        if let (Some(text), Some((_, Control::Field(field)))) = (text, self.controls.last_mut()) {
            field.value = text;
        }
    }

    /// A line break right after the tag is not part of the value, and a browser sends each of the others as CR LF.
    fn end_textarea(&mut self) {
        if let (Some(text), Some((_, Control::Field(field)))) = (self.textarea.take(), self.controls.last_mut()) {
            let text = text.replace("\r\n", "\n");
            field.value = text.strip_prefix('\n').unwrap_or(&text).replace('\n', "\r\n");
        }
    }

    /// A select sends the last of its selected options; if none is selected, it shows its first option and sends that.
    fn end_select(&mut self) {
        self.end_option();
        let Some(Select { first, is_multiple: false, .. }) = self.select.take() else { return };
        choose_one(fields(&mut self.controls[first..]).collect(), true);
    }

    fn done(mut self) -> Vec<Form> {
        self.end_select();
        let place = |owner: &Owner| match owner {
            Owner::Around(place) => Some(*place),
            Owner::Named(id) => self.forms.iter().position(|(_, own)| own == id),
            Owner::Nobody => None,
        };
        let owners: Vec<_> = self.controls.iter().map(|(owner, _)| place(owner)).collect();
        let mut controls: Vec<_> = self.controls.into_iter().map(|(_, control)| control).zip(owners).collect();
        let forms = self.forms.into_iter().enumerate();
        let all: Vec<_> =
            forms.flat_map(|(place, (form, _))| sent_in_each_way(form, take(&mut controls, place))).collect();
        let based = |form: Form| match &self.base {
            Some(base) if !form.action.is_empty() => Form { action: from_base(base, &form.action), ..form },
            _ => form,
        };
        all.into_iter().map(based).collect()
    }
}

/// The controls of the form at this place, in order.
fn take(controls: &mut Vec<(Control, Option<usize>)>, place: usize) -> Vec<Control> {
    controls.extract_if(.., |(_, owner)| *owner == Some(place)).map(|(control, _)| control).collect()
}

/// This form as each of its buttons sends it; without buttons, as Enter sends it if it has exactly one text field.
fn sent_in_each_way(form: Form, controls: Vec<Control>) -> Vec<Form> {
    let (mut own, mut buttons) = (Vec::new(), Vec::new());
    for control in controls {
        match control {
            Control::Field(field) => own.push(field),
            button => buttons.push(button),
        }
    }
    choose_radios(&mut own);
    let can_be_sent = own.iter().filter(|field| is_text(&field.kind)).count() == 1;
    let form = Form { fields: own, can_be_sent, ..form };
    if buttons.is_empty() {
        return vec![form];
    }
    let pressed = |button| match button {
        Control::Button { sends, method, action, enctype, stopped_by } => Some(Form {
            method: method.unwrap_or(form.method.clone()),
            action: action.unwrap_or(form.action.clone()),
            enctype: enctype.map_or(form.enctype.clone(), |enctype| encoding(Some(enctype))),
            charset: form.charset.clone(),
            fields: form.fields.clone(),
            button: sends,
            can_be_sent: true,
            stopped_by: stopped_by.or(form.stopped_by.clone()),
        }),
        Control::Field(_) => None,
    };
    buttons.into_iter().filter_map(pressed).collect()
}

/// Of the radio buttons of one name, only the last checked one stays checked.
fn choose_radios(own: &mut [Field]) {
    let names: Vec<_> = own.iter().filter(|field| field.kind == "radio").map(|field| field.name.clone()).collect();
    for name in names {
        choose_one(own.iter_mut().filter(|field| field.kind == "radio" && field.name == name).collect(), false);
    }
}

fn choose_one(mut choices: Vec<&mut Field>, or_the_first: bool) {
    let last = choices.iter().rposition(|choice| choice.chosen).or(or_the_first.then_some(0));
    for (place, choice) in choices.iter_mut().enumerate() {
        choice.chosen = Some(place) == last;
    }
}

fn fields(controls: &mut [(Owner, Control)]) -> impl Iterator<Item = &mut Field> {
    controls.iter_mut().filter_map(|(_, control)| match control {
        Control::Field(field) => Some(field),
        Control::Button { .. } => None,
    })
}

fn has(tag: &StartTag<()>, name: &str) -> bool {
    attribute(tag, name).is_some()
}

/// The attribute of this name, if all it does is to keep the form from being sent. A longer script may do anything.
fn stopping(tag: &StartTag<()>, name: &str) -> Option<String> {
    let script = attribute(tag, name)?;
    let mut words = script.split(|sign: char| sign == ';' || sign.is_whitespace()).filter(|word| !word.is_empty());
    let stops = matches!(
        (words.next(), words.next(), words.next()),
        (Some("return"), Some("false"), None) | (Some("event.preventDefault()"), None, None)
    );
    stops.then(|| format!("{name}=\"{script}\""))
}

/// What a browser makes of an `enctype`.
fn encoding(enctype: Option<String>) -> String {
    let known = enctype.filter(|kind| matches!(kind.as_str(), "multipart/form-data" | "text/plain"));
    known.unwrap_or("application/x-www-form-urlencoded".to_owned())
}

/// Where an action leads from a base, which may be on another site.
fn from_base(base: &str, action: &str) -> String {
    let Some((scheme, rest)) = base.split_once("://").filter(|_| !action.contains("://")) else {
        return resolved(base, action);
    };
    let host = rest.split('/').next().unwrap_or_default();
    let path = if rest.len() > host.len() { &rest[host.len()..] } else { "/" };
    format!("{scheme}://{host}{}", resolved(path, action))
}

/// Whether Enter in such a field sends a form that has no button and no other such field.
fn is_text(kind: &str) -> bool {
    !matches!(kind, "hidden" | "select" | "textarea" | "radio" | "checkbox" | "file" | "color" | "range")
}

fn is_choice(kind: &str) -> bool {
    matches!(kind, "select" | "radio")
}

fn is_ticked(kind: &str) -> bool {
    is_choice(kind) || kind == "checkbox"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::text;

    #[test]
    fn the_base_of_a_page_may_be_on_another_site() {
        for (base, action, leads_to) in [
            ("https://example.org/", "/login", "https://example.org/login"),
            ("https://example.org", "login", "https://example.org/login"),
            ("https://example.org/a/", "http://localhost/login", "http://localhost/login"),
            ("/a/", "login", "/a/login"),
        ] {
            assert_eq!(from_base(base, action), leads_to);
        }
    }

    #[test]
    fn what_a_browser_does_not_send_is_not_taken() {
        let form = |html: &str| forms(&format!("<form method=post action=/login {html}<button></form>")).remove(0);
        for (html, value, is_taken) in [
            ("><input name=a>", "alice", true),
            ("><input name=a type=email>", "alice", false),
            ("><input name=a maxlength=4>", "alice", false),
            ("><input name=a maxlength=5 minlength=5>", "alice", true),
            ("><input name=a minlength=6>", "alice", false),
            ("><input name=a pattern=[a-z]+>", "alice", true),
            ("><input name=a pattern=[a-z]+>", "alice1", false),
            ("><input name=a pattern='a|alice'>", "alice", true),
            ("><input name=a pattern='(?=ali).*['>", "alice", true),
            ("><input name=a type=hidden pattern=[0-9]+>", "alice", true),
            ("><textarea name=a pattern=[0-9]+></textarea>", "alice", true),
            ("><input name=a readonly>", "alice", false),
            ("><input name=a type=number>", "2", true),
            ("><input name=a type=number>", "two", false),
        ] {
            assert_eq!(form(html).takes("a", value).is_ok(), is_taken, "{html}");
        }
    }

    #[test]
    fn a_form_goes_where_the_base_of_the_page_leads_and_needs_a_way_to_be_sent() {
        let html = "<base href=/account/><form method=post action=login><select name=a></select></form>\
            <form action=/b><button type=button>no</button></form><form action=../c><button></button></form>\
            <form id=d></form><input type=submit form=d>";
        let told: Vec<_> = forms(html).into_iter().map(|form| (form.action, form.can_be_sent)).collect();
        let told: Vec<_> = told.iter().map(|(action, sent)| (action.as_str(), *sent)).collect();
        assert_eq!(told, [("/account/login", false), ("/b", false), ("/c", true), ("", true)]);
    }

    #[test]
    fn forms_are_found_however_they_are_written() {
        let html = "<input name=outside><FORM Method='POST' action=/login><INPUT TYPE=password NAME=password><select name=x></select><input type=submit></form><input name=late>";
        let password = Field {
            name: "password".to_owned(),
            kind: "password".to_owned(),
            value: String::new(),
            chosen: true,
            limits: Limits::default(),
        };
        let (method, action, enctype) = ("post".to_owned(), "/login".to_owned(), encoding(None));
        let form = Form { method, action, enctype, fields: vec![password], can_be_sent: true, ..Form::default() };
        assert_eq!(forms(html), [form]);
    }

    #[test]
    fn a_template_holds_no_form() {
        let html =
            "<template><form action=/a><template></template><input name=a></form></template><form action=/b></form>";
        let told: Vec<_> = forms(html).into_iter().map(|form| form.action).collect();
        assert_eq!(told, ["/b"]);
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
    fn the_content_of_a_textarea_is_sent() {
        let html = "<form><textarea name=a hidden>7-&lt;b></textarea><textarea name=b>\n\none\ntwo</textarea>\
            <textarea>nameless</textarea><textarea name=c></textarea><button name=go value=1>x</button></form>";
        let [form] = &forms(html)[..] else { panic!("one form") };
        let sent = [("a", "7-<b>"), ("b", "\r\none\r\ntwo"), ("c", ""), ("go", "1")];
        assert_eq!(form.filled().collect::<Vec<_>>(), sent);
    }

    #[test]
    fn a_field_may_name_its_form_and_a_button_another_address() {
        let html = "<input form=f name=early><form id=f method=post action=/a><button formaction=/b>b</button></form>\
            <input form=f name=late><button form=f formmethod=GET>get</button><input form=none name=lost>";
        let told: Vec<_> = forms(html)
            .into_iter()
            .map(|form| (form.method, form.action, form.fields.into_iter().map(|field| field.name).collect::<Vec<_>>()))
            .collect();
        let fields = || vec!["early".to_owned(), "late".to_owned()];
        let form = |method: &str, action: &str| (method.to_owned(), action.to_owned(), fields());
        assert_eq!(told, [form("post", "/b"), form("get", "/a")]);
    }

    #[test]
    fn what_a_select_offers_is_not_what_the_page_says() {
        let html =
            "<label>Theme: <select name=theme><option value='' disabled>choose<option>light</select></label> now";
        assert_eq!(text(html), "Theme: now");
        let [form] = &forms(&format!("<form>{html}</form>"))[..] else { panic!("one form") };
        assert_eq!((form.choices("theme"), form.chosen("theme")), (vec!["light"], Some("light")));
    }

    #[test]
    fn what_is_disabled_is_not_sent_and_of_several_that_are_chosen_the_last_is() {
        let html = "<form id=f><fieldset disabled><input name=a><fieldset></fieldset><input name=b></fieldset>\
            <input name=c disabled><input name=d><input type=radio name=r value=1 checked>\
            <input type=radio name=r value=2 checked><button name=go value=1></button></form>\
            <select form=f name=s disabled><option>1</select>\
            <select form=f name=t><optgroup disabled><option selected>1</optgroup><option selected>2<option selected>3</select>";
        let [form] = &forms(html)[..] else { panic!("one form") };
        assert_eq!(form.filled().collect::<Vec<_>>(), [("d", ""), ("r", "2"), ("t", "3"), ("go", "1")]);
    }

    #[test]
    fn what_is_entered_gets_into_the_fields_that_a_visitor_sees() {
        let html = "<form><input type=hidden name=user value=x><input name=user><input type=hidden name=token value=y>\
            <input type=hidden name=on value=0><input type=checkbox name=on value=1>\
            <input type=radio name=r value=1><input type=radio name=r value=2></form>";
        let [form] = &forms(html)[..] else { panic!("one form") };
        assert_eq!(form.filled_in(&[]), [("user", "x"), ("user", ""), ("token", "y"), ("on", "0")]);
        let sent = [("user", "x"), ("user", "alice"), ("token", "z"), ("on", "0"), ("on", "1"), ("r", "2")];
        assert_eq!(form.filled_in(&[("user", "alice"), ("token", "z"), ("on", "1"), ("r", "2")]), sent);
    }

    #[test]
    fn a_form_is_encoded_as_it_says_or_its_button() {
        let html = "<form enctype=Multipart/Form-Data><button></button><button formenctype=text/plain></button></form>\
            <form enctype=x></form>";
        let told: Vec<_> = forms(html).into_iter().map(|form| form.enctype).collect();
        assert_eq!(told, ["multipart/form-data", "text/plain", "application/x-www-form-urlencoded"]);
    }
}
