using LogBroker.Protocol.Peer.V1;
using LogBroker.Rpc;

namespace LogBroker.Server;

/// <summary>The only method of the peer port.</summary>
internal static class PeerMethods
{
    /// <summary>Peer/Link, read and written by one marshaller on both ends.</summary>
    public static Method<PeerFrame, PeerFrame> Link(PeerFrameMarshaller marshaller) =>
        Method.Create(PeerReflection.Descriptor.Services[0], "Link", marshaller, marshaller);
}
