using System.Globalization;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LogBroker.Server;

/// <summary>Sends traces and metrics by OTLP while it lives; does nothing without an endpoint.</summary>
internal sealed class Telemetry : IDisposable
{
    private static readonly TimeSpan FlushTime = TimeSpan.FromMilliseconds(1000);

    private readonly TracerProvider? _traces;
    private readonly MeterProvider? _metrics;

    /// <summary>Starts the exporters.</summary>
    public Telemetry(BrokerOptions options, ILogger logger)
    {
        if (options.OtlpEndpoint is not { } endpoint)
            return;
        bool isHttp = options.Config.Text(ConfigTable.OtlpProtocol) == "http";
        int node = (int)options.Config.Number(ConfigTable.NodeId);
        var resource = ResourceBuilder.CreateDefault().AddService(
            "logbrokerd", serviceVersion: ServerVersion.Text, serviceInstanceId: node.ToString(CultureInfo.InvariantCulture));
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource("LogBroker.*")
            .AddOtlpExporter(exporter => Configure(exporter, "v1/traces"))
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter("LogBroker.*")
            .AddOtlpExporter((exporter, reader) =>
            {
                Configure(exporter, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds =
                    (int)options.Config.Number(ConfigTable.OtlpInterval);
            })
            .Build();
        Log.Exporting(logger, endpoint.ToString(), isHttp ? "HTTP" : "gRPC");

        void Configure(OtlpExporterOptions exporter, string path)
        {
            exporter.Protocol = isHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
            exporter.Endpoint = isHttp ? new Uri(endpoint.ToString().TrimEnd('/') + "/" + path) : endpoint;
        }
    }

    /// <summary>Sends what is left, for a second at most, and stops.</summary>
    public void Dispose()
    {
        _traces?.ForceFlush((int)FlushTime.TotalMilliseconds);
        _metrics?.ForceFlush((int)FlushTime.TotalMilliseconds);
        _traces?.Dispose();
        _metrics?.Dispose();
    }
}
