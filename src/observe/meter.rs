//! Making metrics: each is made and registered in one step.

use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, Result, core::Collector,
};

/// Bounds in seconds that suit a request over a network.
pub const REQUEST_SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// A registry that already holds build information and the process's own metrics.
///
/// # Errors
/// Never in practice: the names are fixed and distinct.
pub fn new_registry() -> Result<Registry> {
    let registry = Registry::new();
    #[cfg(target_os = "linux")]
    registry.register(Box::new(
        prometheus::process_collector::ProcessCollector::for_self(),
    ))?;
    Meter::new(&registry)
        .gauges(
            "hubwatch_build_info",
            "Always 1; the version that is running.",
            &["version"],
        )?
        .with_label_values(&[env!("CARGO_PKG_VERSION")])
        .set(1);
    Ok(registry)
}

/// Makes metrics and registers them. A room's metrics are fields of a struct that it builds with
/// this, once for each registry.
///
/// Every method errs when a name is malformed or already registered, and panics never.
#[derive(Debug, Clone, Copy)]
pub struct Meter<'a> {
    registry: &'a Registry,
}

impl<'a> Meter<'a> {
    /// Registers with the given registry.
    #[must_use]
    pub fn new(registry: &'a Registry) -> Self {
        Self { registry }
    }

    /// A counter. Its name ends in `_total`.
    ///
    /// # Errors
    /// When the name is malformed or taken.
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.register(IntCounter::new(name, help)?)
    }

    /// A counter for each set of labels.
    ///
    /// # Errors
    /// When a name is malformed or taken.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.register(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    /// A gauge of whole numbers.
    ///
    /// # Errors
    /// When the name is malformed or taken.
    pub fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.register(IntGauge::new(name, help)?)
    }

    /// A gauge of whole numbers for each set of labels.
    ///
    /// # Errors
    /// When a name is malformed or taken.
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec> {
        self.register(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    /// A gauge of any number, such as seconds with their fractions, for each set of labels.
    ///
    /// # Errors
    /// When a name is malformed or taken.
    pub fn float_gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec> {
        self.register(GaugeVec::new(Opts::new(name, help), labels)?)
    }

    /// A histogram with the given upper bounds, in the unit that its name ends in.
    ///
    /// # Errors
    /// When the name is malformed or taken, or the bounds do not rise.
    pub fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Result<Histogram> {
        let opts = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        self.register(Histogram::with_opts(opts)?)
    }

    /// A histogram for each set of labels.
    ///
    /// # Errors
    /// When a name is malformed or taken, or the bounds do not rise.
    pub fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        bounds: &[f64],
    ) -> Result<HistogramVec> {
        let opts = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        self.register(HistogramVec::new(opts, labels)?)
    }

    fn register<C: Collector + Clone + 'static>(&self, metric: C) -> Result<C> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_registry_says_which_version_runs() {
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&new_registry().unwrap().gather())
            .unwrap();
        let expected = format!(
            "hubwatch_build_info{{version=\"{}\"}} 1",
            env!("CARGO_PKG_VERSION")
        );
        assert!(text.contains(&expected), "{text}");
        #[cfg(target_os = "linux")]
        assert!(text.contains("process_resident_memory_bytes"), "{text}");
    }

    #[test]
    fn a_name_taken_twice_is_an_error_and_the_first_goes_on_counting() {
        let registry = Registry::new();
        let meter = Meter::new(&registry);
        let first = meter.counter("hubwatch_pages_total", "Pages.").unwrap();
        meter.counter("hubwatch_pages_total", "Pages.").unwrap_err();
        first.inc();
        assert_eq!(
            registry.gather()[0].get_metric()[0]
                .get_counter()
                .get_value(),
            1.0
        );
    }

    #[test]
    fn malformed_names_and_bounds_are_errors() {
        let registry = Registry::new();
        let meter = Meter::new(&registry);
        meter.counter("hubwatch pages", "Pages.").unwrap_err();
        meter
            .gauges("hubwatch_scopes", "Scopes.", &["a-b"])
            .unwrap_err();
        meter
            .histogram("hubwatch_lag_seconds", "Lag.", &[2.0, 1.0])
            .unwrap_err();
    }
}
