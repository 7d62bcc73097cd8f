//! Runs every attack against every defense.

use std::fmt::Write;

use checks::Miss;
use lesson_4::{
    attack,
    defence::{Defence, Defences},
};

/// Runs one attack against each defense alone. Returns whether it succeeded, in the order of [`Defence::ALL`].
async fn against_each_alone(attack: &attack::Attack) -> Result<Vec<bool>, Miss> {
    let mut succeeded = Vec::new();
    for defence in Defence::ALL {
        succeeded.push(attack.run(Defences::none().and(&[defence])).await?.succeeded);
    }
    Ok(succeeded)
}

#[tokio::test]
async fn each_attack_succeeds_on_the_vulnerable_shop_and_fails_on_the_hardened_one() -> Result<(), Miss> {
    for attack in attack::ALL {
        let vulnerable = attack.run(Defences::none()).await?;
        assert!(vulnerable.succeeded, "{} fails on the vulnerable shop:\n{:#?}", attack.id, vulnerable.story);
        assert!(vulnerable.bob_is_served, "{}: bob is not served on the vulnerable shop", attack.id);
        let hardened = attack.run(Defences::all()).await?;
        assert!(!hardened.succeeded, "{} succeeds on the hardened shop:\n{:#?}", attack.id, hardened.story);
        assert!(hardened.bob_is_served, "{}: bob is not served on the hardened shop", attack.id);
    }
    Ok(())
}

#[tokio::test]
async fn an_attack_is_stopped_by_each_of_its_defenses_and_by_no_other() -> Result<(), Miss> {
    let mut table = String::new();
    for attack in attack::ALL {
        let succeeded = against_each_alone(attack).await?;
        let stops =
            Defence::ALL.into_iter().zip(succeeded).filter_map(|(defence, succeeded)| (!succeeded).then_some(defence));
        let stops: Vec<_> = stops.collect();
        assert_eq!(stops, attack.stopped_by, "{}", attack.id);
        let words: Vec<_> = stops.iter().map(|stop| stop.words()).collect();
        writeln!(table, "{:<20}  {}", attack.id, words.join(", or ")).unwrap();
        let rest = attack.run(Defences::all().but(attack.stopped_by)).await?;
        assert!(rest.succeeded, "{} is also stopped by all others together:\n{:#?}", attack.id, rest.story);
    }
    insta::assert_snapshot!("matrix", table);
    Ok(())
}
