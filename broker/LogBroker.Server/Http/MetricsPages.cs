using System.Text;

namespace LogBroker.Server;

/// <summary>/metrics with few series, and /metrics/detail with those of every partition.</summary>
internal sealed class MetricsPages(MetricsCollector collector)
{
    /// <summary>What dashboards and alerts scrape.</summary>
    public HttpPage Overview() => Page(withPartitions: false);

    /// <summary>The same and every partition.</summary>
    public HttpPage Detail() => Page(withPartitions: true);

    private HttpPage Page(bool withPartitions)
    {
        var text = new StringBuilder();
        collector.WriteTo(text, withPartitions);
        return new HttpPage(200, PrometheusText.ContentType, text.ToString());
    }
}
