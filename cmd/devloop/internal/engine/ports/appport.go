package ports

// AppPort is the port on which the application of a generated Pod listens. Its settings give
// one, but the application may open another, if its code sets the port.
type AppPort struct {
	settings, opened int // the settings' port, and the one opened in spite of them, 0 for none
}

// AppPortOf returns the port that the sources name, 0 if the application is no server.
func AppPortOf(settings int) AppPort { return AppPort{settings: settings} }

// Number returns the port to expect.
func (p AppPort) Number() int {
	if p.opened > 0 {
		return p.opened
	}
	return p.settings
}

// Configured returns the port to expect if the settings give a port: the opened one, until an
// edit changes the settings.
func (p AppPort) Configured(settings int) AppPort {
	if settings != p.settings {
		return AppPort{settings: settings}
	}
	return p
}

// Opened records that the application opened another port, and returns the one that its settings give.
func (p *AppPort) Opened(port int) (settings int) {
	p.opened = port
	return p.settings
}
