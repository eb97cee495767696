package config

// Places beside a configuration that "postgang init" makes, and where the vendor simulator of postgang-lab then finds them.
const (
	// ClientKey is our private SSH key for the vendor; the public one is beside it, with .pub at the end.
	ClientKey = "nokler/postgang"
	// SimulatorHostKey is the private host key of the vendor simulator.
	SimulatorHostKey = "trykkeri/vertsnokkel"
	// SimulatorRoot is the folder that the vendor simulator shows over SFTP.
	SimulatorRoot = "trykkeri/sftp"
	// SimulatorAddress is where the vendor simulator listens unless told otherwise, host:port.
	SimulatorAddress = "127.0.0.1:2222"
	// SimulatorUser is our login at the vendor simulator.
	SimulatorUser = "postgang"
)
