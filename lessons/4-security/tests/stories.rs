//! Attacks the weak points of the article, block by block: on the vulnerable shop with success, and on the hardened one
//! without. The book shows the snapshots.

use checks::Miss;
use lesson_4::{
    attack::{Attack, Run},
    defence::Defences,
};

/// Runs these attacks on the vulnerable shop, which has the article's code, and on the hardened one.
async fn tells(ids: &[&str]) -> Result<(), Miss> {
    for id in ids {
        let attack = Attack::named(id).unwrap_or_else(|| panic!("there is no attack {id}"));
        for (shop, defences, succeeds) in [("vulnerable", Defences::none(), true), ("hardened", Defences::all(), false)]
        {
            let Run { succeeded, bob_is_served, story, .. } = attack.run(defences).await?;
            let story: String = story.iter().map(ToString::to_string).collect();
            assert_eq!((succeeded, bob_is_served), (succeeds, true), "{id} on the {shop} shop:\n{story}");
            let said = if succeeded { "The attack succeeded." } else { "The attack was blocked." };
            insta::assert_snapshot!(format!("{id}-{shop}"), format!("{story}\n{said}"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn s01_the_data_is_signed_with_a_key_that_everybody_knows() -> Result<(), Miss> {
    tells(&["read-cookie", "forge-cookie"]).await
}

#[tokio::test]
async fn s03_a_logout_leaves_every_copy_of_the_cookie_good() -> Result<(), Miss> {
    tells(&["replay-after-logout"]).await
}

#[tokio::test]
async fn s08_a_login_keeps_the_id_takes_every_guess_and_believes_every_form() -> Result<(), Miss> {
    tells(&["planted-id", "guess-password", "lock-out", "find-users", "login-csrf"]).await
}

#[tokio::test]
async fn s11_to_clear_a_session_is_to_adopt_its_id() -> Result<(), Miss> {
    tells(&["adopted-id"]).await
}

#[tokio::test]
async fn s15_a_neighbouring_host_puts_its_own_session_into_a_browser() -> Result<(), Miss> {
    tells(&["tossed-session"]).await
}

#[tokio::test]
async fn s14_to_regenerate_a_session_renews_nothing() -> Result<(), Miss> {
    tells(&["old-copy"]).await
}

#[tokio::test]
async fn s16_a_cookie_that_scripts_read_and_other_sites_send() -> Result<(), Miss> {
    tells(&["xss-steal", "xss-ride", "csrf-by-form"]).await
}

#[tokio::test]
async fn s17_what_a_get_changes_is_changed_by_any_link() -> Result<(), Miss> {
    tells(&["csrf-by-link"]).await
}

#[tokio::test]
async fn s19_a_consistency_check_stops_the_wrong_people() -> Result<(), Miss> {
    tells(&["roaming", "next-door"]).await
}

#[tokio::test]
async fn s22_a_running_request_brings_back_a_deleted_session() -> Result<(), Miss> {
    tells(&["resurrected"]).await
}

#[tokio::test]
async fn s25_a_role_outlives_the_logout_and_the_demotion() -> Result<(), Miss> {
    tells(&["shared-computer", "demoted"]).await
}
