//! What was measured: medians, spreads, and ratios within a round.

/// One thing, measured of several proxies.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// One proxy's values, a round each.
pub(crate) struct Row {
    pub(crate) who: &'static str,
    pub(crate) values: Values,
}

/// Measured again and again; in the order of the rounds.
#[derive(Clone, Default)]
pub(crate) struct Values(pub(crate) Vec<f64>);

impl Figure {
    pub(crate) fn new(name: &'static str, unit: &'static str) -> Self {
        Self { name, unit, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, who: &'static str, value: f64) {
        match self.rows.iter_mut().find(|row| row.who == who) {
            Some(row) => row.values.0.push(value),
            None => self.rows.push(Row { who, values: Values(vec![value]) }),
        }
    }

    pub(crate) fn of(&self, who: &str) -> Option<&Values> {
        self.rows.iter().find(|row| row.who == who).map(|row| &row.values)
    }

    /// The median of the ratios within each round.
    pub(crate) fn ratio(&self, who: &str, to: &str) -> Option<f64> {
        Some(self.of(who)?.over(self.of(to)?).median())
    }
}

impl Values {
    fn sorted(&self) -> Vec<f64> {
        let mut values = self.0.clone();
        values.sort_by(f64::total_cmp);
        values
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Between two values, the way from one to the other.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let values = self.sorted();
        let at = share * (values.len() - 1) as f64;
        let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
        low + (high - low) * at.fract()
    }

    pub(crate) fn spread(&self) -> (f64, f64) {
        (self.quantile(0.0), self.quantile(1.0))
    }

    /// Value by value.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| mine / theirs).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_within_a_round() {
        let mut figure = Figure::new("time", "s");
        for (ours, theirs) in [(1.0, 2.0), (10.0, 4.0), (3.0, 12.0)] {
            figure.add("amb", ours);
            figure.add("peer", theirs);
        }
        // The ratio of the medians is 3 ÷ 4, of two different rounds.
        assert_eq!(figure.ratio("amb", "peer"), Some(0.5));
        assert_eq!(figure.ratio("amb", "nobody"), None);
    }

    #[test]
    fn quantiles_lie_between_values() {
        let values = Values(vec![4.0, 1.0, 2.0, 3.0]);
        assert_eq!((values.median(), values.quantile(0.75)), (2.5, 3.25));
        assert_eq!(values.spread(), (1.0, 4.0));
    }
}
